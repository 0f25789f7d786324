/* The methods of the Manager that are about unit files on disk: which there are, what is enabled. They are
 * carried out by a child of tend's, with what systemctl itself does where there is no systemd. */
#pragma once

struct call;

void files_list(struct call *c);
void files_list_by_patterns(struct call *c);
void files_get_state(struct call *c);
void files_get_links(struct call *c);
void files_enable(struct call *c);
void files_enable_with_flags(struct call *c);
void files_reenable(struct call *c);
void files_disable(struct call *c);
void files_disable_with_flags(struct call *c);
void files_mask(struct call *c);
void files_unmask(struct call *c);
void files_preset(struct call *c);
void files_get_default_target(struct call *c);
