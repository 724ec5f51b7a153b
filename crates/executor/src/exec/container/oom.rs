//! Whether the kernel has ended something in a container for want of memory, as the kernel itself tells it: engines
//! miss it at times.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    os::unix::fs::OpenOptionsExt,
};

/// The longest record of the kernel's log, in bytes.
const MAX_RECORD_BYTES: usize = 8192;

/// Whether the kernel's log says so of the container with this id. Who may not read that log hears nothing.
pub(super) fn killed_in(container_id: &str) -> bool {
    let opened = File::options().read(true).custom_flags(libc::O_NONBLOCK).open("/dev/kmsg");
    let (Ok(mut log), false) = (opened, container_id.is_empty()) else {
        return false;
    };
    let mut record = [0; MAX_RECORD_BYTES];
    loop {
        // Each read gives one record.
        match log.read(&mut record) {
            Ok(0) => return false,
            Ok(count) if is_kill_in(&String::from_utf8_lossy(&record[..count]), container_id) => return true,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Overwritten while it was read.
            Err(error) if error.raw_os_error() == Some(libc::EPIPE) => {}
            Err(_) => return false,
        }
    }
}

fn is_kill_in(record: &str, container_id: &str) -> bool {
    let text = record.split_once(';').map_or("", |(_, text)| text);
    let mut fields = text.strip_prefix("oom-kill:").into_iter().flat_map(|fields| fields.split(','));
    fields.any(|field| field.strip_prefix("task_memcg=").is_some_and(|group| group.contains(container_id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_word_is_understood() {
        let record = "6,1234,49914554329,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,\
                      mems_allowed=0,oom_memcg=/docker/abc,task_memcg=/docker/abc,task=tail,pid=1,uid=0\n";
        assert!(is_kill_in(record, "abc"));
        assert!(!is_kill_in(record, "abd"));
        assert!(!is_kill_in("6,1,2,-;task_memcg=/docker/abc", "abc"));
        assert!(!killed_in("no-such-container"));
    }
}
