//! Life after the match: deadlines, signs of life, and what becomes of a job, a device and their money when somebody
//! falls silent; and the instructions that list several jobs, or one for a certain device.

mod dead_devices;
mod end;
mod expire_assignment;
mod expire_run;
mod extend;
mod fees;
mod heartbeat;
mod list_direct;
mod list_many;
mod metas;
mod notice;
mod post_result;
mod queue_model;
mod quit;
mod support;
mod wind_down;
