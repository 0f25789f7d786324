/* tend-image: container images for `tend run --image`. See tend-image(1). */

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/parse.h"
#include "base/text.h"
#include "base/userns.h"
#include "image/confine.h"
#include "image/json.h"
#include "image/report.h"

#ifndef TEND_VERSION
#error "TEND_VERSION is given by the Makefile"
#endif

enum exit_code { EXIT_FINE = 0, EXIT_REFUSED = 1, EXIT_WRONG = 2 };

struct request {
        char **words;
        size_t n_words;
        const char *store; /* NULL: the user's own */
        const char *platform;
        uint64_t max_size;
        uint64_t max_entries;
        bool flat, json, null, quiet, help;
};

/* ---- the process --------------------------------------------------------------------------------------- */

static void interrupt(int number) {
        source_interrupted = number;
}

static void catch_signals(void) {
        static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
        const struct sigaction action = { .sa_handler = interrupt };

        for (size_t i = 0; i < countof(numbers); i++)
                (void) sigaction(numbers[i], &action, NULL);
}

/* Whether we are root enough to give files to anybody. */
static bool is_mighty(void) {
        static const unsigned needed =
                1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER | 1U << CAP_FSETID;
        struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2];

        return geteuid() == 0 && syscall(SYS_capget, &head, data) == 0 &&
               (data[0].effective & needed) == needed;
}

static bool is_admin(void) {
        struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2];

        return syscall(SYS_capget, &head, data) == 0 && (data[0].effective >> CAP_SYS_ADMIN & 1U) != 0;
}

struct session {
        const struct request *request;
        struct store store;
        struct userns users;
        bool has_users; /* of a user namespace */
        bool trusted;   /* overlayfs is mounted by one who may see trusted.overlay.* */
        struct confinement confined;
        struct fault fault;
};

/* The store is opened as who we are; files are made and removed as who we are inside. */
static int open_session(struct session *s) {
        int r = store_open(s->request->store, &s->store, &s->fault);

        if (r < 0)
                return r;
        s->trusted = is_mighty() && is_admin();
        if (is_mighty())
                return 0;
        r = userns_enter(0, &s->users);
        if (r < 0) {
                (void) fault(&s->fault, r, "making a user namespace: %s", strerror(-r));
                fault_hint(&s->fault,
                           "sysctl user.max_user_namespaces and kernel.unprivileged_userns_clone allow it");
                return r;
        }
        s->has_users = true;
        if (s->users.whole)
                (void) snprintf(s->store.owners, sizeof(s->store.owners), "-%u", s->users.users);
        else
                (void) snprintf(s->store.owners, sizeof(s->store.owners), "-own");
        return 0;
}

static int close_session(struct session *s, int r) {
        store_close(&s->store);
        if (r < 0)
                fault_print(&s->fault, stderr);
        fault_done(&s->fault);
        if (source_interrupted)
                return 128 + source_interrupted;
        return r < 0 ? EXIT_REFUSED : EXIT_FINE;
}

/* ---- unpack -------------------------------------------------------------------------------------------- */

static void tell(const char *image, const char *what, uint64_t n, const char *why) {
        if (n == 0)
                return;
        (void) fprintf(stderr, "tend-image: ");
        text_print_word(stderr, image);
        (void) fprintf(stderr, ": left out: %llu %s%s%s\n", (unsigned long long) n, what, n == 1 ? "" : "s",
                       why);
}

static void tell_lack(const char *image, const char *what, int error) {
        if (error == 0)
                return;
        (void) fprintf(stderr, "tend-image: ");
        text_print_word(stderr, image);
        (void) fprintf(stderr, ": was unpacked %s: %s\n", what, strerror(-error));
}

static void tell_all(const struct session *s, const char *image, const struct unpacked *u) {
        if (s->request->quiet)
                return;
        tell(image, "device node", u->left_out.devices, " (tend makes /dev itself)");
        tell(image, "extended attribute", u->left_out.attributes, "");
        tell(image, "access control list", u->left_out.lists, "");
        if (u->bytes > 0 && s->has_users && !s->users.whole) {
                (void) fputs("tend-image: ", stderr);
                text_print_word(stderr, image);
                (void) fprintf(stderr, ": all files belong to you alone: %s\n", s->users.why);
        }
        if (u->bytes > 0) {
                tell_lack(image, "without Landlock (Linux 5.19) to keep it to the store", s->confined.files);
                tell_lack(image, "without seccomp to keep it from other system calls", s->confined.calls);
        }
}

/* "PATH:NAME": PATH ends at the first colon in front of which there is something. */
static char *split_name(char *word) {
        struct stat st;

        if (stat(word, &st) == 0)
                return NULL;
        for (char *colon = strchr(word, ':'); colon; colon = strchr(colon + 1, ':')) {
                *colon = '\0';
                if (stat(word, &st) == 0)
                        return colon + 1;
                *colon = ':';
        }
        return NULL;
}

static int take_image(struct session *s, const char *path, const char *name,
                      const struct platform *platform) {
        const struct request *q = s->request;
        const struct unpacking_options o = { .limits = { .bytes = q->max_size, .entries = q->max_entries },
                                             .flat = q->flat,
                                             .own_owners = s->has_users && !s->users.whole,
                                             .trusted = s->trusted };
        enum report_form form = q->json ? REPORT_JSON : q->null ? REPORT_NUL : REPORT_LINES;
        struct source *source = NULL;
        struct picked picked = { 0 };
        struct unpacked u = { 0 };
        int r = source_open(path, &source, &s->fault);

        if (r < 0)
                return r;
        /* jansson's tables take a seed of a file that is out of reach afterwards. */
        json_object_seed(0);
        s->confined = confine(s->store.fd, source_directory(source));
        r = pick_image(source, name, platform, &picked, &s->fault);
        if (r == 0)
                r = unpack_image(&s->store, source, &picked, &o, &u, &s->fault);
        s->fault.image = NULL;
        if (r == 0)
                r = shelf_put(&s->store, path, &picked, &u, &s->fault);
        if (r == 0) {
                tell_all(s, path, &u);
                r = report_image(stdout, form, &s->store, &picked, &u);
                if (r < 0)
                        (void) fault_system(&s->fault, r, "writing to standard output");
        }
        unpacked_done(&u);
        picked_done(&picked);
        source_close(source);
        return r;
}

static int unpack_main(const struct request *q) {
        struct session s = { .request = q, .store = { .fd = -1, .lock = -1 } };
        struct platform platform = { 0 };
        int r = q->platform ? platform_parse(q->platform, &platform) : platform_own(&platform);

        if (r == -EINVAL) {
                (void) fprintf(stderr, "tend-image: --platform %s: not OS/ARCHITECTURE[/VARIANT]\n",
                               q->platform);
                return EXIT_WRONG;
        }
        char *path = q->words[0], *name = split_name(path);

        if (r == 0)
                r = open_session(&s);
        if (r == 0)
                r = store_lock(&s.store, false, &s.fault);
        if (r == 0)
                r = store_clean(&s.store, &s.fault);
        s.fault.image = path;
        if (r >= 0)
                r = take_image(&s, path, name, &platform);
        platform_done(&platform);
        return close_session(&s, r);
}

/* ---- list, remove, prune ------------------------------------------------------------------------------- */

static int list_main(const struct request *q) {
        struct session s = { .request = q, .store = { .fd = -1, .lock = -1 } };
        struct shelf_list list = { 0 };
        int r = store_open(q->store, &s.store, &s.fault);

        if (r == 0)
                r = shelf_list(&s.store, &list, &s.fault);
        if (r == 0) {
                r = report_list(stdout, q->json, &list);
                if (r < 0)
                        (void) fault_system(&s.fault, r, "writing to standard output");
                shelf_list_done(&list);
        }
        return close_session(&s, r);
}

static int drop_images(struct session *s) {
        struct shelf_list list = { 0 };
        int r = shelf_list(&s->store, &list, &s->fault);

        if (r < 0)
                return r;
        for (size_t i = 0; r == 0 && i < s->request->n_words; i++) {
                const struct shelved *image = NULL;

                r = shelf_find(&list, s->request->words[i], &image, &s->fault);
                if (r == 0)
                        r = shelf_drop(&s->store, image, &s->fault);
        }
        shelf_list_done(&list);
        return r;
}

/* Also `prune`, which names no image. */
static int remove_main(const struct request *q) {
        struct session s = { .request = q, .store = { .fd = -1, .lock = -1 } };
        struct pruned pruned = { 0 };
        int r = open_session(&s);

        if (r == 0)
                r = store_lock(&s.store, true, &s.fault);
        if (r == 0)
                r = drop_images(&s);
        if (r == 0)
                r = shelf_prune(&s.store, &pruned, &s.fault);
        if (r == 0)
                r = report_pruned(stdout, q->json, &pruned);
        return close_session(&s, r);
}

/* ---- the command line ---------------------------------------------------------------------------------- */

static int take_word(void *field, const char *value) {
        *(const char **) field = value;
        return *value ? 0 : -EINVAL;
}

static int take_size(void *field, const char *value) {
        return parse_size(value, field);
}

static int take_flag(void *field, const char *value) {
        (void) value;
        *(bool *) field = true;
        return 0;
}

#define FIELD(f) offsetof(struct request, f)

/* clang-format off */
static const struct option {
        const char *name, *value; /* value: what it takes; NULL: nothing */
        int (*take)(void *field, const char *value);
        size_t field;
        const char *help;
} options[] = {
        { "store",       "DIR",      take_word, FIELD(store),       "where layers are kept" },
        { "platform",    "OS/ARCH",  take_word, FIELD(platform),    "unpack: not for this machine" },
        { "max-size",    "SIZE",     take_size, FIELD(max_size),    "unpack: what all layers may have (8G)" },
        { "max-entries", "N",        take_size, FIELD(max_entries), "unpack: how many files (1000000)" },
        { "flat",        NULL,       take_flag, FIELD(flat),        "unpack: all layers as one directory" },
        { "null",        NULL,       take_flag, FIELD(null),        "unpack: a NUL behind each record" },
        { "json",        NULL,       take_flag, FIELD(json),        "print JSON" },
        { "quiet",       NULL,       take_flag, FIELD(quiet),       "unpack: do not say what was left out" },
        { "help",        NULL,       take_flag, FIELD(help),        "this text" },
};

static const struct verb {
        const char *name, *words, *help;
        size_t least, most; /* words */
        int (*run)(const struct request *q);
} verbs[] = {
        { "unpack", "PATH[:NAME]", "unpack an image into the store, and print its layers and configuration",
          1, 1, unpack_main },
        { "list",   "",            "print the images of the store", 0, 0, list_main },
        { "remove", "IMAGE...",    "forget images, and the layers that no other needs",
          1, SIZE_MAX, remove_main },
        { "prune",  "",            "remove what no image needs", 0, 0, remove_main },
};
/* clang-format on */

static void print_help(FILE *out) {
        for (size_t i = 0; i < countof(verbs); i++)
                (void) fprintf(out, "tend image %s [OPTIONS]%s%s\n  %s\n", verbs[i].name,
                               *verbs[i].words ? " " : "", verbs[i].words, verbs[i].help);
        (void) fputs("tend image --help | --version\n\n", out);
        for (size_t i = 0; i < countof(options); i++) {
                const char *value = options[i].value ? options[i].value : "";
                int width = 22 - (int) (strlen(options[i].name) + strlen(value));

                (void) fprintf(out, "  --%s %s%*s  %s\n", options[i].name, value, MAX(width, 0), "",
                               options[i].help);
        }
        (void) fputs(
                "\nIt takes an OCI image layout (also in a tar) or what docker save writes: tend-image(1).\n",
                out);
}

static int complain(const char *word, const char *what) {
        (void) fprintf(stderr, "tend-image: %s%s%s\n        `tend image --help` has the verbs and options\n",
                       word ? word : "", word ? ": " : "", what);
        return EXIT_WRONG;
}

/* Takes the option at argv[*i], and its value. 0, or an exit code after a complaint. */
static int take_option(char **argv, int *i, struct request *q) {
        const char *name = argv[*i] + 2, *value = strchr(name, '=');
        size_t n = value ? (size_t) (value - name) : strlen(name);

        for (size_t k = 0; k < countof(options); k++) {
                const struct option *o = &options[k];

                if (strlen(o->name) != n || strncmp(o->name, name, n) != 0)
                        continue;
                if (!o->value && value)
                        return complain(argv[*i], "takes no value");
                value = value ? value + 1 : o->value ? argv[++*i] : "";
                if (!value)
                        return complain(argv[*i - 1], "a value is missing");
                return o->take((char *) q + o->field, value) < 0
                               ? complain(value, "not a value that it takes")
                               : 0;
        }
        return complain(argv[*i], "no such option");
}

static int parse(int argc, char **argv, struct request *q) {
        bool only_words = false;

        q->words = argv;
        for (int i = 0; i < argc; i++) {
                int code = 0;

                if (!only_words && strcmp(argv[i], "--") == 0)
                        only_words = true;
                else if (!only_words && argv[i][0] == '-' && argv[i][1] != '\0')
                        code = text_starts(argv[i], "--") ? take_option(argv, &i, q)
                                                          : complain(argv[i], "no such option");
                else
                        argv[q->n_words++] = argv[i];
                if (code != 0)
                        return code;
        }
        return 0;
}

static int run(int argc, char **argv) {
        struct request q = { .max_size = UINT64_C(8) << 30, .max_entries = 1000000 };

        if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
                print_help(stdout);
                return EXIT_FINE;
        }
        if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
                puts("tend-image " TEND_VERSION);
                return EXIT_FINE;
        }
        if (argc < 2)
                return complain(NULL, "a verb is missing: unpack, list, remove, prune");
        for (size_t i = 0; i < countof(verbs); i++) {
                if (strcmp(verbs[i].name, argv[1]) != 0)
                        continue;
                int code = parse(argc - 2, argv + 2, &q);
                if (code != 0)
                        return code;
                if (q.help) {
                        print_help(stdout);
                        return EXIT_FINE;
                }
                if (q.n_words < verbs[i].least || q.n_words > verbs[i].most)
                        return complain(verbs[i].name,
                                        q.n_words < verbs[i].least ? "which image?" : "too many words");
                return verbs[i].run(&q);
        }
        return complain(argv[1], "no such verb");
}

int main(int argc, char **argv) {
        /* No setlocale(): in the locale C libarchive leaves the bytes of names alone, else it would compose
         * them. */
        (void) umask(022);
        catch_signals();

        int code = run(argc, argv);
        if (fflush(stdout) != 0 && code == EXIT_FINE) {
                perror("tend-image: writing to standard output");
                code = EXIT_REFUSED;
        }
        exit(code);
}
