/* The settings of sockets. A unit that is no socket has no place for them. */

#include <errno.h>
#include <limits.h>
#include <netinet/ip.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/value.h"

static const struct socket_spec *socket_of(const void *object) {
        return ((const struct unit *) object)->socket;
}

/* --- What it listens on. */

static int add_listen(const struct assignment *a, const struct address *address, const char *text) {
        const struct listen_row *row = a->setting->table;
        struct listen **end = &a->unit->socket->listens;
        struct listen *l = malloc(sizeof(*l) + strlen(text) + 1);

        if (!l)
                return value_out_of_memory(a);
        *l = (struct listen){ .address = *address, .kind = (uint8_t) row->kind };
        memcpy(l->text, text, strlen(text) + 1);
        while (*end)
                end = &(*end)->next;
        *end = l;
        return 0;
}

static int reject_address(const struct assignment *a, int error) {
        if (error == -ERANGE)
                value_reject(a, "a port is a number from 1 to 65535");
        else if (error == -ENAMETOOLONG)
                value_reject(a, "too long: the kernel takes 107 bytes of a socket's path");
        else
                value_reject(a, "not an address to listen on");
        diag_hint(a->diags, "%s",
                  "PORT, IP:PORT, [IPV6]:PORT, an absolute path, or @NAME for one without a file");
        return -EINVAL;
}

int value_listen(const struct assignment *a) {
        const struct listen_row *row = a->setting->table;
        struct address address = {};
        autofree char *text = NULL;

        if (!a->unit->socket)
                return 0;
        if (*a->value == '\0') {
                socket_spec_reset(a->unit->socket);
                return 0;
        }
        int r = value_expand(a, a->value, &text);
        if (r < 0)
                return r;
        if (row->kind == LISTEN_FIFO && *text != '/')
                return value_reject(a, "not an absolute path");
        r = row->kind == LISTEN_FIFO ? 0 : address_parse(text, &address);
        if (r < 0)
                return reject_address(a, r);
        if (row->kind == LISTEN_SEQUENTIAL && address.any.sa_family != AF_UNIX &&
            address.any.sa_family != AF_VSOCK)
                return value_reject(a, "sequential packets are for local sockets: a path, or @NAME");
        return add_listen(a, &address, text);
}

void value_print_listen(const struct setting *s, const void *object, FILE *out) {
        const struct listen_row *row = s->table;

        for (const struct listen *l = socket_of(object) ? socket_of(object)->listens : NULL; l; l = l->next)
                if (l->kind == row->kind)
                        (void) fprintf(out, "%s\n", l->text);
}

/* A socket unit that did without would not be what it is. */
int value_unlistenable(const struct assignment *a) {
        if (!a->unit->socket || *a->value == '\0')
                return 0;
        return value_reject(a, "%s", (const char *) a->setting->table);
}

/* --- Options of the kernel. */

struct number_word {
        const char *word;
        int value;
};

static const struct number_word tos_words[] = {
        { "low-delay", IPTOS_LOWDELAY },
        { "throughput", IPTOS_THROUGHPUT },
        { "reliability", IPTOS_RELIABILITY },
        { "low-cost", IPTOS_LOWCOST },
        {},
};

static const struct number_word timestamping_words[] = {
        { "off", 0 }, { "us", 1 }, { "usec", 1 }, { "\xc2\xb5s", 1 }, { "ns", 2 }, { "nsec", 2 }, {},
};

static bool find_number(const struct number_word *words, const char *word, int64_t *ret) {
        for (; words->word; words++)
                if (strcmp(words->word, word) == 0) {
                        *ret = words->value;
                        return true;
                }
        return false;
}

static bool parse_number(const char *text, int64_t least, int64_t most, int64_t *ret) {
        char *end;

        errno = 0;
        long long n = strtoll(text, &end, 0);
        if (errno != 0 || end == text || *end != '\0' || n < least || n > most)
                return false;
        *ret = n;
        return true;
}

static bool parse_option(const struct sockopt_row *row, const char *text, int64_t *ret) {
        uint64_t size;
        usec_t span;
        bool on;

        switch (row->kind) {
        case OPTION_BOOL:
                if (parse_bool(text, &on) < 0)
                        return false;
                *ret = on;
                return true;
        case OPTION_SIZE:
                if (parse_size(text, &size) < 0 || size > INT_MAX)
                        return false;
                *ret = (int64_t) size;
                return true;
        case OPTION_SECONDS:
                if (parse_span(text, &span) < 0 || span / USEC_PER_SEC > INT16_MAX)
                        return false;
                *ret = (int64_t) ((span + USEC_PER_SEC - 1) / USEC_PER_SEC);
                return true;
        case OPTION_NUMBER:
                return parse_number(text, row->least, row->most, ret);
        case OPTION_TOS:
                return find_number(tos_words, text, ret) || parse_number(text, 0, UINT8_MAX, ret);
        case OPTION_TIMESTAMPING:
                return find_number(timestamping_words, text, ret) ||
                       (parse_bool(text, &on) == 0 && !on && find_number(timestamping_words, "off", ret));
        }
        return false;
}

int value_option(const struct assignment *a) {
        const struct sockopt_row *row = a->setting->table;
        struct socket_spec *s = a->unit->socket;

        if (!s)
                return 0;
        if (*a->value == '\0')
                s->options[row->option] = SOCKET_OPTION_UNSET;
        else if (!parse_option(row, a->value, &s->options[row->option]))
                return value_reject(a, "not a value it takes (%s)", a->setting->values);
        return 0;
}

void value_print_option(const struct setting *s, const void *object, FILE *out) {
        static const char *const timestampings[] = { "off", "us", "ns" };
        const struct sockopt_row *row = s->table;
        int64_t n = socket_of(object) ? socket_of(object)->options[row->option] : SOCKET_OPTION_UNSET;
        char buffer[PARSE_PRINT_MAX];

        if (n == SOCKET_OPTION_UNSET)
                return;
        if (row->kind == OPTION_BOOL)
                (void) fprintf(out, "%s\n", n ? "yes" : "no");
        else if (row->kind == OPTION_SIZE)
                (void) fprintf(out, "%s\n", print_size((uint64_t) n, buffer));
        else if (row->kind == OPTION_SECONDS)
                (void) fprintf(out, "%s\n", print_span((usec_t) n * USEC_PER_SEC, buffer));
        else if (row->kind == OPTION_TIMESTAMPING)
                (void) fprintf(out, "%s\n", timestampings[n]);
        else
                (void) fprintf(out, "%lld\n", (long long) n);
}

/* --- The rest. */

/* systemd takes yes and no too, though systemd.socket(5) does not say so. */
int value_bind_ipv6_only(const struct assignment *a) {
        struct socket_spec *s = a->object;
        bool only;

        if (parse_bool(a->value, &only) < 0)
                return value_word(a);
        s->bind_ipv6_only = only ? BIND_IPV6_IPV6_ONLY : BIND_IPV6_BOTH;
        return 0;
}

void value_print_bind_ipv6_only(const struct setting *s, const void *object, FILE *out) {
        value_print_word(s, object, out);
}

int value_fd_name(const struct assignment *a) {
        struct socket_spec *s = a->object;
        autofree char *name = NULL;

        if (*a->value != '\0') {
                int r = value_expand(a, a->value, &name);
                if (r < 0)
                        return r;
                for (const char *c = name; *c != '\0'; c++)
                        if (*c < ' ' || *c > '~' || *c == ':' || c - name >= 255)
                                return value_reject(
                                        a, "a name is at most 255 printable ASCII characters, and no \":\"");
        }
        free(s->fd_name);
        s->fd_name = TAKE(name);
        return 0;
}

void value_print_fd_name(const struct setting *s maybe_unused, const void *object, FILE *out) {
        const struct socket_spec *spec = object;

        if (spec->fd_name)
                (void) fprintf(out, "%s\n", spec->fd_name);
}

static int check_link(const struct assignment *a, const char *path) {
        return *path == '/' ? 0 : value_reject(a, "not an absolute path");
}

int value_symlinks(const struct assignment *a) {
        struct socket_spec *s = a->object;

        return value_add_words(a, &s->symlinks, check_link);
}

void value_print_symlinks(const struct setting *s maybe_unused, const void *object, FILE *out) {
        const struct socket_spec *spec = object;

        value_print_list(spec->symlinks, out);
}

/* A number that may be left open. */
int value_count(const struct assignment *a) {
        if (*a->value != '\0')
                return value_unsigned(a);
        *(unsigned *) (void *) ((char *) a->object + a->setting->field) = UINT_MAX;
        return 0;
}

void value_print_count(const struct setting *s, const void *object, FILE *out) {
        if (*(const unsigned *) (const void *) ((const char *) object + s->field) != UINT_MAX)
                value_print_unsigned(s, object, out);
}
