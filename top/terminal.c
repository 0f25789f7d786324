#include "top/terminal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#define ENTER "\033[?1049h\033[?25l" /* the other page, no cursor */
#define LEAVE "\033[?25h\033[?1049l"

static struct termios before;
static volatile sig_atomic_t is_open;

static void write_out(const char *text) {
        (void) !write(STDOUT_FILENO, text, strlen(text));
}

void terminal_close(void) {
        if (!is_open)
                return;
        is_open = 0;
        write_out(LEAVE);
        (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

/* A fault of ours must not leave the terminal so; then it is the death that it would have been. */
static void on_fault(int number) {
        terminal_close();
        (void) raise(number);
}

static void catch_faults(void) {
        static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS };
        const struct sigaction action = { .sa_handler = on_fault, .sa_flags = (int) SA_RESETHAND };

        for (size_t i = 0; i < countof(faults); i++)
                (void) sigaction(faults[i], &action, NULL);
}

int terminal_open(void) {
        struct termios raw;

        if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) < 0)
                return -ENOTTY;
        raw = before;
        raw.c_lflag &= ~(tcflag_t) (ICANON | ECHO | ISIG | IEXTEN);
        raw.c_iflag &= ~(tcflag_t) (IXON | ICRNL);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        catch_faults();
        is_open = 1;
        if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0) {
                int r = -errno;
                is_open = 0;
                return r;
        }
        write_out(ENTER);
        return 0;
}

void terminal_size(unsigned *width, unsigned *height) {
        struct winsize size;
        bool is_told = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;

        *width = is_told ? size.ws_col : 80;
        *height = is_told ? size.ws_row : 24;
}
