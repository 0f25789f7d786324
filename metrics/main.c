/* tend-metrics: what tend tells of its services, for Prometheus and its kin. A client of tend's, never a part
 * of PID 1: it prints the page once, or serves it. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "client/processes.h"
#include "metrics/page.h"
#include "metrics/pressure.h"
#include "metrics/serve.h"

#define CGROUPS "/sys/fs/cgroup"

static const char usage[] =
        "Usage: tend metrics [--listen ADDRESS] [--socket PATH]\n"
        "\n"
        "Prints the state, the use and the budgets of tend's services in the format of OpenMetrics.\n"
        "\n"
        "  --listen ADDRESS  serve them over HTTP: PORT, IP:PORT, [IPV6]:PORT or /PATH\n"
        "  --socket PATH     tend's control socket, where it is not at its usual place\n"
        "  --help            this text\n"
        "\n"
        "Pages: /metrics; /healthz, 200 while no service has failed; /readyz, 200 while tend is `running`.\n"
        "Without --listen it also takes a socket that tend listens on for it: [metrics.socket].\n"
        "\n"
        "Exit codes: 0, 1 something went wrong, 2 wrong usage, 5 no tend there.\n";

/* --- The pages. */

static int take(struct link *l, struct snapshot *s, const char *socket) {
        int r = link_open(l, socket);

        if (r == 0)
                r = snapshot_take(s, l, NULL, 0);
        if (r == 0)
                processes_measure(s, l);
        return r;
}

static void say(struct page *p, unsigned status, const char *text) {
        *p = (struct page){ .status = status, .type = "text/plain; charset=utf-8", .text = strdup(text) };
        p->size = p->text ? strlen(p->text) : 0;
}

static void say_gone(struct page *p, const struct link *l) {
        say(p, 503, l->words);
}

static void make_metrics(const void *context, struct page *p) {
        autolink struct link l;
        autosnapshot struct snapshot s = {};

        if (take(&l, &s, context) != 0) {
                say_gone(p, &l);
                return;
        }
        *p = (struct page){ .status = 200, .type = OPENMETRICS_TYPE };
        FILE *out = open_memstream(&p->text, &p->size);
        if (!out)
                return;
        page_write(out, &s, pressure_read, CGROUPS);
        if (fclose(out) != 0)
                free(TAKE(p->text));
}

/* "degraded: 1 of 3 services have failed" */
static void make_verdict(struct page *p, const char *socket,
                         bool (*is_good)(const struct live_container *c)) {
        autolink struct link l;
        autosnapshot struct snapshot s = {};
        char text[128];

        if (take(&l, &s, socket) != 0) {
                say_gone(p, &l);
                return;
        }
        (void) snprintf(text, sizeof(text), "%s: %u of %u up, %u failed\n", s.container.state, s.container.up,
                        s.container.units, s.container.failed);
        say(p, is_good(&s.container) ? 200 : 503, text);
}

static bool is_healthy(const struct live_container *c) {
        return c->failed == 0;
}

static bool is_ready(const struct live_container *c) {
        return strcmp(c->state, "running") == 0;
}

static void make_healthz(const void *context, struct page *p) {
        make_verdict(p, context, is_healthy);
}

static void make_readyz(const void *context, struct page *p) {
        make_verdict(p, context, is_ready);
}

static const struct site sites[] = {
        { "/metrics", make_metrics },
        { "/healthz", make_healthz },
        { "/readyz", make_readyz },
        {},
};

/* --- The ways to run it. */

static int print_once(const char *socket) {
        autolink struct link l;
        autosnapshot struct snapshot s = {};
        int r = take(&l, &s, socket);

        if (r < 0)
                return link_complain(&l, "metrics", NULL, r);
        page_write(stdout, &s, pressure_read, CGROUPS);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int serve_pages(int listening, const char *address, const char *socket) {
        const char *doing = "";
        int r = serve(listening, address, sites, socket, &doing);

        if (r < 0)
                (void) fprintf(stderr, "tend-metrics: %s: %s: %s\n", address ? address : "the socket given",
                               doing, strerror(-r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[]) {
        static const struct option options[] = {
                { "listen", required_argument, NULL, 'l' },
                { "socket", required_argument, NULL, 's' },
                { "help", no_argument, NULL, 'h' },
                {},
        };
        const char *address = NULL, *socket = NULL;

        for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;)
                switch (c) {
                case 'l':
                        address = optarg;
                        break;
                case 's':
                        socket = optarg;
                        break;
                case 'h':
                        return fputs(usage, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
                default:
                        return 2;
                }
        if (optind < argc) {
                (void) fprintf(stderr, "tend-metrics: %s: no words are taken; tend metrics --help\n",
                               argv[optind]);
                return 2;
        }
        int given = address ? 0 : sd_listen_fds(1);
        if (address || given > 0)
                return serve_pages(given > 0 ? SD_LISTEN_FDS_START : -1, address, socket);
        return print_once(socket);
}
