//! `bench/gpu`: one device's GPUs, one after the other.

use std::{collections::BTreeMap, time::Duration};

use grid_devices::cuda::{self, GpuBenchError, GpuFigures};
use tokio_util::sync::CancellationToken;

use super::BenchError;
use crate::{
    Device,
    definition::{Action, Definition},
    exec::UnsupportedItem,
};

/// Measures the GPUs of these UUIDs for about `duration` together, and gives the figures by name: how many GPUs there are, and of each
/// figure the lowest that any of them has. Blocks; ends early when `cancel` is set off.
pub fn gpu(
    uuids: &[String],
    duration: Duration,
    cancel: &CancellationToken,
) -> Result<BTreeMap<&'static str, u64>, BenchError> {
    measure(uuids, duration, |uuid, share| cuda::bench(uuid, share, cancel))
}

fn measure(
    uuids: &[String],
    duration: Duration,
    bench: impl Fn(&str, Duration) -> Result<GpuFigures, GpuBenchError>,
) -> Result<BTreeMap<&'static str, u64>, BenchError> {
    let count = u32::try_from(uuids.len()).unwrap_or(u32::MAX);
    let share = duration.checked_div(count).ok_or(BenchError::NoGpu)?;
    let mut lowest: Option<GpuFigures> = None;
    for uuid in uuids {
        let figures = bench(uuid, share).map_err(|error| match error {
            GpuBenchError::Cancelled => BenchError::Cancelled,
            error => BenchError::Gpu { uuid: uuid.clone(), error },
        })?;
        lowest = Some(lowest.map_or(figures, |lowest| lowest.lower(figures)));
    }
    let mut named = lowest.ok_or(BenchError::NoGpu)?.named();
    named.insert("gpus", count.into());
    Ok(named)
}

/// What every executor refuses: a benchmark of GPUs on a device without one.
pub(crate) fn unsupported(definition: &Definition, device: &Device) -> Vec<UnsupportedItem> {
    let ops = definition
        .ops
        .iter()
        .enumerate()
        .filter(|(_, op)| matches!(op.action, Action::BenchGpu { .. }) && device.gpu_uuids.is_empty());
    ops.map(|(index, _)| UnsupportedItem::new(format!("ops[{index}].type"), "this device has no GPU"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(memory: u64, fp32: u64, bf16: Option<u64>) -> GpuFigures {
        GpuFigures { memory_megabytes_per_second: memory, fp32_megaflops: fp32, bf16_megaflops: bf16 }
    }

    fn uuids(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_lowest_figures_of_all_gpus_count_and_share_the_time() {
        let named = measure(&uuids(&["a", "b"]), Duration::from_secs(3), |uuid, share| {
            assert_eq!(share, Duration::from_millis(1_500));
            Ok(if uuid == "a" { figures(10, 25, Some(30)) } else { figures(11, 20, Some(31)) })
        });
        let expected = [
            ("bf16_megaflops", 30),
            ("fp32_megaflops", 20),
            ("gpus", 2),
            ("memory_megabytes_per_second", 10),
        ];
        assert_eq!(named, Ok(expected.into()));
    }

    #[test]
    fn one_gpu_that_is_wrong_is_named_and_gives_no_figure() {
        let error = measure(&uuids(&["a", "b"]), Duration::from_secs(3), |uuid, _| match uuid {
            "a" => Ok(figures(1, 2, None)),
            _ => Err(GpuBenchError::Wrong("memory copy")),
        })
        .unwrap_err();
        assert!(error.is_wrong());
        assert_eq!(error.to_string(), "b: the memory copy came out wrong: this GPU cannot be trusted");
    }

    #[test]
    fn what_is_stopped_or_missing_is_not_wrong() {
        let stopped = measure(&uuids(&["a"]), Duration::ZERO, |_, _| Err(GpuBenchError::Cancelled));
        assert_eq!(stopped, Err(BenchError::Cancelled));
        let none = measure(&[], Duration::ZERO, |_, _| Ok(figures(1, 2, None)));
        assert_eq!(none, Err(BenchError::NoGpu));
        assert!(!BenchError::Cancelled.is_wrong() && !BenchError::NoGpu.is_wrong());
    }
}
