/* For the programs beside tend too, which do not have all of its verbs. */
#include "control/verb.h"

int verb_complain(const char *verb, const char *what, const char *word, const char *hint) {
        (void) fprintf(stderr, "tend: %s%s%s%s%s\n", verb ? verb : "", verb ? ": " : "", word ? word : "",
                       word ? ": " : "", what);
        if (hint)
                (void) fprintf(stderr, "        %s\n", hint);
        return EXIT_WRONG;
}
