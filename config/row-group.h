/* Rows of the table of settings whose keys stand side by side, each group under one name: for directive.c
 * alone. */
#pragma once

#include "config/row.h"

/* clang-format off */
#define LIMIT_ROWS \
        { SERVICE("LimitAS"), LIMIT(AS, SIZE), \
          .help = "The size of each process's address space." }, \
        { SERVICE("LimitCORE"), LIMIT(CORE, SIZE), \
          .help = "The size of core files." }, \
        { SERVICE("LimitCPU"), LIMIT(CPU, SECONDS), \
          .help = "The time on a processor that each process may use." }, \
        { SERVICE("LimitDATA"), LIMIT(DATA, SIZE), \
          .help = "The size of each process's data." }, \
        { SERVICE("LimitFSIZE"), LIMIT(FSIZE, SIZE), \
          .help = "The size of files that are written." }, \
        { SERVICE("LimitLOCKS"), LIMIT(LOCKS, COUNT), \
          .help = "The number of file locks." }, \
        { SERVICE("LimitMEMLOCK"), LIMIT(MEMLOCK, SIZE), \
          .help = "The memory that may be locked." }, \
        { SERVICE("LimitMSGQUEUE"), LIMIT(MSGQUEUE, SIZE), \
          .help = "The size of message queues." }, \
        { SERVICE("LimitNICE"), LIMIT(NICE, NICE), \
          .help = "How far the nice value may be lowered." }, \
        { SERVICE("LimitNOFILE"), LIMIT(NOFILE, COUNT), \
          .help = "The number of descriptors of each process." }, \
        { SERVICE("LimitNPROC"), LIMIT(NPROC, COUNT), \
          .help = "The number of processes of the user." }, \
        { SERVICE("LimitRSS"), LIMIT(RSS, SIZE), \
          .help = "Without effect on Linux." }, \
        { SERVICE("LimitRTPRIO"), LIMIT(RTPRIO, COUNT), \
          .help = "The highest real-time priority." }, \
        { SERVICE("LimitRTTIME"), LIMIT(RTTIME, MICROSECONDS), \
          .help = "The time that real-time processes may run without a pause." }, \
        { SERVICE("LimitSIGPENDING"), LIMIT(SIGPENDING, COUNT), \
          .help = "The number of signals that wait." }, \
        { SERVICE("LimitSTACK"), LIMIT(STACK, SIZE), \
          .help = "The size of the stack." },
#define HEALTH_ROWS \
        { SERVICE("HealthAction"), \
          READINESS_BY(uint8_t, health_action, word, "none restart stop fail", &health_actions), \
          .fallback = "none", .help = "What becomes of a service that is unhealthy." }, \
        { SERVICE("HealthCheck"), \
          READINESS_BY(struct probe_spec *, health_check, probe, PROBE_TARGETS, \
                       &(const struct probe_row){ false }), \
          .at_spawn = true, .help = "What has to answer, again and again, for the service to be healthy." }, \
        { SERVICE("HealthInterval"), HEALTH_ALIAS(health_interval), \
          .help = "The same as HealthIntervalSec=." }, \
        { SERVICE("HealthIntervalSec"), HEALTH_SPAN(health_interval), .fallback = "30s", \
          .help = "The pause between two probes of HealthCheck=." }, \
        { SERVICE("HealthRetries"), READINESS_BY(unsigned, health_retries, unsigned, "a number", NULL), \
          .fallback = "3", \
          .help = "How many probes in a row have to fail for the service to be unhealthy." }, \
        { SERVICE("HealthStartPeriod"), HEALTH_ALIAS(health_start_period), \
          .help = "The same as HealthStartPeriodSec=." }, \
        { SERVICE("HealthStartPeriodSec"), HEALTH_SPAN(health_start_period), .fallback = "0", \
          .help = "How long failures do not count, unless it was healthy before." }, \
        { SERVICE("HealthTimeout"), HEALTH_ALIAS(health_timeout), \
          .help = "The same as HealthTimeoutSec=." }, \
        { SERVICE("HealthTimeoutSec"), HEALTH_SPAN(health_timeout), .fallback = "30s", \
          .help = "How long one probe of HealthCheck= may take." },
/* clang-format on */
