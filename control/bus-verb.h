/* What can be done to a unit: the same for the Manager, which is told a name, and for the unit's own object.
 */
#pragma once

struct call;

/* The unit's own: c->object. */
void verb_start(struct call *c);
void verb_stop(struct call *c);
void verb_reload(struct call *c);
void verb_restart(struct call *c);
void verb_try_restart(struct call *c);
void verb_reload_or_restart(struct call *c);
void verb_try_reload_or_restart(struct call *c);
void verb_kill(struct call *c);
void verb_queue_signal(struct call *c);
void verb_reset_failed(struct call *c);
void verb_ref(struct call *c);
void verb_unref(struct call *c);

/* The Manager's: the name is the first argument. */
void verb_start_unit(struct call *c);
void verb_stop_unit(struct call *c);
void verb_reload_unit(struct call *c);
void verb_restart_unit(struct call *c);
void verb_try_restart_unit(struct call *c);
void verb_reload_or_restart_unit(struct call *c);
void verb_try_reload_or_restart_unit(struct call *c);
void verb_enqueue_unit_job(struct call *c);
void verb_kill_unit(struct call *c);
void verb_queue_signal_unit(struct call *c);
void verb_reset_failed_unit(struct call *c);
void verb_ref_unit(struct call *c);
void verb_unref_unit(struct call *c);

/* The end of the container: PowerOff() and its kin. */
void verb_end_at_once(struct call *c);
void verb_set_exit_code(struct call *c);
