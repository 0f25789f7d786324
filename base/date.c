#include "base/date.h"

#define DAYS_OF_ERA 146097 /* 400 years, after which everything is the same again */

static bool is_leap(int64_t year) {
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t floor_divide(int64_t a, int64_t b) {
        return a / b - (a % b < 0);
}

/* Before the first of January of that year, from the year 1 on. */
static int64_t days_before_year(int64_t year) {
        int64_t n = year - 1;

        return 365 * n + floor_divide(n, 4) - floor_divide(n, 100) + floor_divide(n, 400);
}

int32_t date_days_of_month(int32_t year, int32_t month) {
        static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

        return days[month - 1] + (month == 2 && is_leap(year));
}

int64_t date_days(struct date d) {
        int64_t days = days_before_year(d.year) - days_before_year(1970) + d.day - 1;

        for (int32_t month = 1; month < d.month; month++)
                days += date_days_of_month(d.year, month);
        return days;
}

struct date date_of_days(int64_t days) {
        int64_t year = 1970 + floor_divide(days * 400, DAYS_OF_ERA);
        struct date d = { .month = 1 };

        days += days_before_year(1970);
        while (days < days_before_year(year))
                year--;
        while (days >= days_before_year(year + 1))
                year++;
        d.year = (int32_t) year;
        days -= days_before_year(year);
        for (; days >= date_days_of_month(d.year, d.month); d.month++)
                days -= date_days_of_month(d.year, d.month);
        d.day = (int32_t) days + 1;
        return d;
}

int date_weekday(int64_t days) {
        int64_t day = (days + 3) % 7; /* 1970 began on a Thursday */

        return (int) (day < 0 ? day + 7 : day);
}
