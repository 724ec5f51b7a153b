//! The tracker's rules, one story each, on the written machine.

mod support;

use grid_devices::{Cause, Event, LostReason, ProbeError, Rules, Snapshot, Tracker};
use support::{A100, GEFORCE, Machine, TWIN, absent, appeared, recovered, unhealthy};

const NOTHING: [Event; 0] = [];

/// A tracker that waits for three polls and has seen the whole machine.
fn settled() -> (Tracker, Machine) {
    let (mut tracker, machine) = (Tracker::new(Rules { patience_polls: 3 }), Machine::new());
    tracker.saw(machine.snapshot());
    (tracker, machine)
}

#[test]
fn every_gpu_appears_once() {
    let (mut tracker, mut machine) = (Tracker::new(Rules::default()), Machine::new());
    let expected: Vec<Event> = (0..3).map(|at| appeared(machine.gpu(at))).collect();
    assert_eq!(tracker.saw(machine.snapshot()), expected);
    assert_eq!(tracker.saw(machine.snapshot()), NOTHING);
}

#[test]
fn a_gpu_is_added_while_it_runs() {
    let mut machine = Machine::new();
    let late = machine.0.pop().unwrap();
    let mut tracker = Tracker::new(Rules::default());
    assert_eq!(tracker.saw(machine.snapshot()).len(), 2);
    machine.0.push(late);
    assert_eq!(tracker.saw(machine.snapshot()), [appeared(machine.gpu(A100))]);
}

#[test]
fn a_gpu_that_is_taken_out_is_lost_once_it_is_certain() {
    let (mut tracker, mut machine) = settled();
    let gone = machine.uuid(TWIN);
    machine.0.remove(TWIN);
    // The A100 moves up: it is another index, and the same GPU.
    machine.gpu(TWIN).index = 1;
    let moved = machine.gpu(TWIN).clone();
    assert_eq!(tracker.saw(machine.snapshot()), [Event::Changed { gpu: moved }]);
    assert_eq!(tracker.saw(machine.snapshot()), NOTHING);
    assert_eq!(tracker.saw(machine.snapshot()), [absent(&gone)]);
    assert_eq!(tracker.saw(machine.snapshot()), NOTHING);
}

#[test]
fn a_gpu_that_is_missed_for_a_moment_is_not_lost() {
    let (mut tracker, machine) = settled();
    let mut less = machine.clone();
    less.0.remove(A100);
    for _ in 0..3 {
        assert_eq!(tracker.saw(less.snapshot()), NOTHING);
        assert_eq!(tracker.saw(less.snapshot()), NOTHING);
        assert_eq!(tracker.saw(machine.snapshot()), NOTHING);
    }
}

#[test]
fn a_gpu_comes_back_in_another_slot() {
    let (mut tracker, mut machine) = settled();
    let out = machine.0.remove(GEFORCE);
    let uuid = machine.uuid(GEFORCE);
    for _ in 0..3 {
        tracker.saw(machine.snapshot());
    }
    machine.0.push(out);
    machine.gpu(2).index = 2;
    machine.gpu(2).pci_bus_id = "00000000:C1:00.0".to_owned();
    assert_ne!(machine.uuid(2), uuid, "the twin stayed, and is another GPU");
    assert_eq!(tracker.saw(machine.snapshot()), [appeared(machine.gpu(2))]);
}

#[test]
fn gpus_of_one_name_are_two() {
    let (mut tracker, mut machine) = settled();
    let names = [GEFORCE, TWIN].map(|at| machine.gpu(at).name.clone());
    assert_eq!(names[0], names[1]);
    // They change places: no GPU is lost, none appears.
    machine.gpu(GEFORCE).index = 1;
    machine.gpu(TWIN).index = 0;
    machine.0.swap(GEFORCE, TWIN);
    let changed = [GEFORCE, TWIN].map(|at| Event::Changed { gpu: machine.gpu(at).clone() });
    assert_eq!(tracker.saw(machine.snapshot()), changed);
}

#[test]
fn a_gpu_that_fell_off_the_bus_is_lost_at_once_and_alone() {
    let (mut tracker, mut machine) = settled();
    let well = machine.0[TWIN].clone();
    let uuid = machine.uuid(TWIN);
    machine.breaks(TWIN, true, "device fell off the bus");
    let reason = LostReason::OffTheBus { reason: "device fell off the bus".to_owned() };
    assert_eq!(tracker.saw(machine.snapshot()), [Event::Lost { uuid, reason }]);
    for _ in 0..5 {
        assert_eq!(tracker.saw(machine.snapshot()), NOTHING, "it is told once, and the others go on");
    }
    machine.0[TWIN] = well;
    assert_eq!(tracker.saw(machine.snapshot()), [appeared(machine.gpu(TWIN))]);
}

#[test]
fn a_gpu_that_cannot_be_read_disturbs_no_other() {
    let (mut tracker, mut machine) = settled();
    let well = machine.0[GEFORCE].clone();
    let uuid = machine.uuid(GEFORCE);
    machine.breaks(GEFORCE, false, "an internal driver error occurred");
    assert_eq!(tracker.saw(machine.snapshot()), NOTHING);
    assert_eq!(tracker.saw(machine.snapshot()), NOTHING);
    let cause = Cause::Unreadable { reason: "an internal driver error occurred".to_owned() };
    assert_eq!(tracker.saw(machine.snapshot()), [unhealthy(&uuid, cause)]);
    assert_eq!(tracker.saw(machine.snapshot()), NOTHING);
    machine.0[GEFORCE] = well;
    assert_eq!(tracker.saw(machine.snapshot()), [recovered(&uuid)]);
}

#[test]
fn a_gpu_that_cannot_be_read_for_a_moment_is_well() {
    let (mut tracker, machine) = settled();
    let mut broken = machine.clone();
    broken.breaks(GEFORCE, false, "timeout");
    for _ in 0..3 {
        assert_eq!(tracker.saw(broken.snapshot()), NOTHING);
        assert_eq!(tracker.saw(broken.snapshot()), NOTHING);
        assert_eq!(tracker.saw(machine.snapshot()), NOTHING);
    }
}

#[test]
fn a_fatal_xid_stays_until_the_gpu_was_gone() {
    let (mut tracker, mut machine) = settled();
    let uuid = machine.uuid(A100);
    machine.vitals(A100).xids = vec![31, 48, 31, 48];
    assert_eq!(tracker.saw(machine.snapshot()), [unhealthy(&uuid, Cause::Xid { xid: 48 })]);
    machine.vitals(A100).xids = vec![48, 95];
    assert_eq!(tracker.saw(machine.snapshot()), [unhealthy(&uuid, Cause::Xid { xid: 95 })]);
    machine.vitals(A100).xids = Vec::new();
    for _ in 0..5 {
        assert_eq!(tracker.saw(machine.snapshot()), NOTHING, "silence is no recovery");
    }
    let well = machine.0[A100].clone();
    machine.breaks(A100, true, "gone");
    tracker.saw(machine.snapshot());
    machine.0[A100] = well;
    assert_eq!(tracker.saw(machine.snapshot()), [appeared(machine.gpu(A100))]);
}

#[test]
fn what_a_program_did_wrong_is_not_the_gpus_fault() {
    let (mut tracker, mut machine) = settled();
    machine.vitals(GEFORCE).xids = vec![13, 31, 43, 45];
    assert_eq!(tracker.saw(machine.snapshot()), NOTHING);
}

#[test]
fn more_uncorrected_errors_are_told_and_old_ones_are_not() {
    let mut machine = Machine::new();
    machine.vitals(A100).ecc_uncorrected = Some(4);
    let uuid = machine.uuid(A100);
    let mut tracker = Tracker::new(Rules::default());
    assert_eq!(tracker.saw(machine.snapshot())[2], appeared(machine.gpu(A100)));
    machine.vitals(A100).ecc_uncorrected = None;
    assert_eq!(tracker.saw(machine.snapshot()), NOTHING);
    machine.vitals(A100).ecc_uncorrected = Some(4);
    assert_eq!(tracker.saw(machine.snapshot()), NOTHING);
    machine.vitals(A100).ecc_uncorrected = Some(5);
    let cause = Cause::EccUncorrected { before: 4, now: 5 };
    assert_eq!(tracker.saw(machine.snapshot()), [unhealthy(&uuid, cause)]);
    machine.vitals(A100).ecc_uncorrected = Some(6);
    assert_eq!(tracker.saw(machine.snapshot()), NOTHING, "told once");
}

#[test]
fn heat_is_told_when_it_stays_and_gone_when_it_stays_gone() {
    let (mut tracker, mut machine) = settled();
    let uuid = machine.uuid(GEFORCE);
    let at = |machine: &mut Machine, celsius| {
        machine.vitals(GEFORCE).temperature_celsius = Some(celsius);
        machine.snapshot()
    };
    // At the threshold is not above it.
    for celsius in [95, 95, 95, 95, 96, 97, 95, 96, 97] {
        assert_eq!(tracker.saw(at(&mut machine, celsius)), NOTHING, "{celsius}");
    }
    let cause = Cause::TooHot { celsius: 98, slowdown_celsius: 95 };
    assert_eq!(tracker.saw(at(&mut machine, 98)), [unhealthy(&uuid, cause)]);
    for celsius in [99, 80, 80, 96, 80, 80] {
        assert_eq!(tracker.saw(at(&mut machine, celsius)), NOTHING, "{celsius}");
    }
    assert_eq!(tracker.saw(at(&mut machine, 80)), [recovered(&uuid)]);
}

#[test]
fn mig_and_pending_repairs_keep_a_gpu_from_work_from_the_first_moment() {
    let mut machine = Machine::new();
    machine.vitals(A100).mig = true;
    machine.vitals(A100).repair_pending = Some(true);
    let mut tracker = Tracker::new(Rules::default());
    let gpu = machine.gpu(A100).clone();
    let causes = vec![Cause::RepairPending, Cause::Mig];
    assert_eq!(tracker.saw(machine.snapshot())[2], Event::Appeared { gpu: gpu.clone(), causes });
    machine.vitals(A100).mig = false;
    assert_eq!(tracker.saw(machine.snapshot()), NOTHING, "one cause is left");
    machine.vitals(A100).repair_pending = Some(false);
    assert_eq!(tracker.saw(machine.snapshot()), [recovered(&gpu.uuid)]);
    machine.vitals(A100).mig = true;
    assert_eq!(tracker.saw(machine.snapshot()), [unhealthy(&gpu.uuid, Cause::Mig)]);
}

#[test]
fn a_driver_that_fails_for_a_while_loses_no_gpu() {
    let (mut tracker, machine) = settled();
    let error = ProbeError::Driver("an internal driver error occurred".to_owned());
    for _ in 0..3 {
        assert_eq!(tracker.failed(&error), NOTHING);
        assert_eq!(tracker.failed(&error), NOTHING);
        assert_eq!(tracker.saw(machine.snapshot()), NOTHING, "as if nothing had been");
    }
    tracker.failed(&error);
    tracker.failed(&error);
    let unknown = Cause::Unknown { reason: error.to_string() };
    let expected = [GEFORCE, TWIN, A100].map(|at| unhealthy(&machine.uuid(at), unknown.clone()));
    assert_eq!(tracker.failed(&error), expected);
    for _ in 0..100 {
        assert_eq!(tracker.failed(&error), NOTHING, "told once, and none is lost");
    }
    let back = [GEFORCE, TWIN, A100].map(|at| recovered(&machine.uuid(at)));
    assert_eq!(tracker.saw(machine.snapshot()), back);
}

#[test]
fn failed_polls_do_not_count_as_absence() {
    let (mut tracker, mut machine) = settled();
    let uuid = machine.uuid(A100);
    machine.0.remove(A100);
    assert_eq!(tracker.saw(machine.snapshot()), NOTHING);
    assert_eq!(tracker.failed(&ProbeError::NoDriver), NOTHING);
    assert_eq!(tracker.saw(machine.snapshot()), NOTHING);
    assert_eq!(tracker.saw(machine.snapshot()), [absent(&uuid)]);
}

#[test]
fn a_driver_that_counts_no_gpu_any_more_has_lost_them_all() {
    let (mut tracker, machine) = settled();
    for _ in 0..2 {
        assert_eq!(tracker.saw(Snapshot::default()), NOTHING);
    }
    let lost = [GEFORCE, TWIN, A100].map(|at| absent(&machine.uuid(at)));
    assert_eq!(tracker.saw(Snapshot::default()), lost);
}

#[test]
fn every_cause_says_what_to_do() {
    for cause in [
        Cause::Xid { xid: 79 },
        Cause::EccUncorrected { before: 0, now: 1 },
        Cause::TooHot { celsius: 98, slowdown_celsius: 95 },
        Cause::RepairPending,
        Cause::Mig,
    ] {
        let sentence = cause.to_string();
        assert!(sentence.contains(';') && sentence.len() > 40, "{sentence}");
    }
}
