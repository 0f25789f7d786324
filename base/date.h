/* The calendar that everybody uses, back and forth for all time (proleptic Gregorian). Pure. */
#pragma once

#include "base/def.h"

struct date {
        int32_t year, month, day; /* months and days from 1 */
};

/* Days since 1970-01-01. */
int64_t date_days(struct date d);
struct date date_of_days(int64_t days);

/* 0 is Monday. */
int date_weekday(int64_t days);
int32_t date_days_of_month(int32_t year, int32_t month);
