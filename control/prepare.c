/* `tend prepare`: what the start of an image does before the first service, by hand. */
#include <errno.h>
#include <string.h>

#include "control/json.h"
#include "control/verb.h"
#include "prepare/prepare.h"

static void print_json(const struct prepare_result *done) {
        printf("{\"read_only\":%u,\"forbidden\":%u,\"problems\":", done->read_only, done->forbidden);
        json_problems(stdout, &done->diags);
        puts("}");
}

static void print_words(const struct prepare_result *done) {
        diags_print(&done->diags, stdout);
        if (done->read_only > 0)
                printf("%u lines of tmpfiles.d not carried out: the file system is read-only\n",
                       done->read_only);
        if (done->forbidden > 0)
                printf("%u lines of tmpfiles.d not carried out: only root can\n", done->forbidden);
}

int prepare_main(const struct request *r) {
        struct prepare_result done;

        int e = prepare_begin();
        if (e < 0)
                return verb_complain("prepare", strerror(-e), "/proc/self/fd", NULL);
        if (r->root && (chroot(r->root) < 0 || chdir("/") < 0))
                return verb_complain("prepare", strerror(errno), r->root, NULL);
        e = prepare_run(r->boot, &done);

        (r->json ? print_json : print_words)(&done);
        if (e < 0)
                (void) verb_complain("prepare", strerror(-e), NULL, NULL);
        int code = e < 0 || done.diags.errors + done.read_only + done.forbidden > 0 ? EXIT_WRONG
                   : done.diags.warnings > 0                                        ? EXIT_WARNINGS
                                                                                    : EXIT_FINE;
        prepare_done(&done);
        return code;
}
