//! What lies between this crate and NVIDIA's driver, with stand-ins for the driver's libraries. See `standin/README.md`.
#![cfg(target_os = "linux")]

mod support;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use grid_devices::{
    CancellationToken, Cause, Event, NvmlProbe, Probe, ProbeError, Rules, Tracker,
    cuda::{self, GpuBenchError},
};
use support::{recovered, unhealthy};

const ONE: &str = "GPU-00000000-0000-0000-0000-000000000001";
const TWO: &str = "GPU-00000000-0000-0000-0000-000000000002";
const THREE: &str = "GPU-00000000-0000-0000-0000-000000000003";
/// The GPU of the CUDA stand-in.
const CUDA: &str = "GPU-aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";

/// Runs the test `name` again, in a process of its own whose loader finds these libraries first; there, gives the folder.
fn standin(name: &str, libraries: &[&str], variables: &[(&str, &str)]) -> Option<PathBuf> {
    if let Some(folder) = env::var_os("GRID_STANDIN") {
        return Some(folder.into());
    }
    let folder = tempfile::tempdir().unwrap();
    for library in libraries {
        let (source, output) = match *library {
            "nvml" => ("nvml.c", "libnvidia-ml.so.1"),
            _ => ("cuda.c", "libcuda.so.1"),
        };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standin").join(source);
        let mut compile = Command::new("cc");
        compile
            .args(["-O2", "-shared", "-fPIC", "-o"])
            .arg(folder.path().join(output))
            .arg(source)
            .arg("-lm");
        assert!(compile.status().unwrap().success(), "{compile:?}");
    }
    let mut test = Command::new(env::current_exe().unwrap());
    test.args(["--exact", name, "--nocapture"])
        .env("GRID_STANDIN", folder.path())
        .env("GRID_STANDIN_GPUS", folder.path().join("gpus"))
        .env("LD_LIBRARY_PATH", folder.path())
        .envs(variables.iter().copied());
    let output = test.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    None
}

/// What is plugged in from now on; `None` for a driver that is not loaded.
fn plug(folder: &Path, gpus: Option<&[(&str, &str, u32, u32)]>) {
    let path = folder.join("gpus");
    match gpus {
        Some(gpus) => {
            let lines =
                gpus.iter().map(|(uuid, state, celsius, xid)| format!("{uuid} {state} {celsius} {xid}\n"));
            fs::write(path, lines.collect::<String>()).unwrap();
        }
        None => fs::remove_file(path).unwrap(),
    }
}

/// One poll, as the watcher does it.
async fn poll(probe: &mut NvmlProbe, tracker: &mut Tracker) -> Vec<Event> {
    match probe.snapshot().await {
        Ok(snapshot) => tracker.saw(snapshot),
        Err(error) => tracker.failed(&error),
    }
}

/// The GPUs that appeared, all of them well.
fn who_appeared(events: &[Event]) -> Vec<&str> {
    let appeared = events.iter().map(|event| match event {
        Event::Appeared { gpu, causes } if causes.is_empty() => gpu.uuid.as_str(),
        other => panic!("{other:?}"),
    });
    appeared.collect()
}

#[tokio::test]
async fn gpus_come_fail_and_come_back() {
    let Some(folder) = standin("gpus_come_fail_and_come_back", &["nvml"], &[]) else { return };
    plug(&folder, Some(&[(ONE, "ok", 40, 0), (TWO, "ok", 41, 0)]));
    let (mut probe, mut tracker) = (NvmlProbe::start().unwrap(), Tracker::new(Rules { patience_polls: 2 }));
    let events = poll(&mut probe, &mut tracker).await;
    assert_eq!(who_appeared(&events), [ONE, TWO]);
    let Event::Appeared { gpu, .. } = &events[1] else { unreachable!() };
    assert_eq!((gpu.model().as_str(), gpu.index, gpu.vram_bytes), ("NVIDIA GeForce RTX 4090", 1, 24 << 30));
    assert_eq!((gpu.compute_capability.to_string(), gpu.cuda.to_string()), ("8.9".into(), "12.8".into()));
    assert_eq!((gpu.pci_bus_id.as_str(), gpu.driver.as_str()), ("00000000:02:00.0", "570.86.15"));

    // A program's error on the one, a fatal one on the other.
    plug(&folder, Some(&[(ONE, "ok", 40, 31), (TWO, "ok", 41, 79)]));
    let fatal = unhealthy(TWO, Cause::Xid { xid: 79 });
    assert_eq!(poll(&mut probe, &mut tracker).await, [fatal]);
    // The one falls off the bus: the other is read all the same.
    plug(&folder, Some(&[(ONE, "lost", 40, 31), (TWO, "ok", 96, 79)]));
    let events = poll(&mut probe, &mut tracker).await;
    assert!(matches!(&events[..], [Event::Lost { uuid, .. }] if uuid == ONE), "{events:?}");
    let hot = Cause::TooHot { celsius: 96, slowdown_celsius: 95 };
    assert_eq!(poll(&mut probe, &mut tracker).await, [unhealthy(TWO, hot)]);

    // The driver is unloaded and loaded again, with another GPU in.
    plug(&folder, None);
    assert_eq!(poll(&mut probe, &mut tracker).await, []);
    let events = poll(&mut probe, &mut tracker).await;
    let reason = ProbeError::NoDriver.to_string();
    assert_eq!(events, [unhealthy(TWO, Cause::Unknown { reason })]);
    plug(&folder, Some(&[(THREE, "ok", 40, 0), (ONE, "ok", 40, 0)]));
    assert_eq!(who_appeared(&poll(&mut probe, &mut tracker).await), [THREE, ONE]);
    let events = poll(&mut probe, &mut tracker).await;
    assert!(matches!(&events[..], [Event::Lost { uuid, .. }] if uuid == TWO), "{events:?}");
}

#[tokio::test]
async fn a_gpu_that_the_driver_cannot_read_is_known_by_its_place() {
    let name = "a_gpu_that_the_driver_cannot_read_is_known_by_its_place";
    let Some(folder) = standin(name, &["nvml"], &[]) else { return };
    plug(&folder, Some(&[(ONE, "ok", 40, 0), (TWO, "ok", 41, 0)]));
    let (mut probe, mut tracker) = (NvmlProbe::start().unwrap(), Tracker::new(Rules { patience_polls: 1 }));
    assert_eq!(who_appeared(&poll(&mut probe, &mut tracker).await), [ONE, TWO]);
    plug(&folder, Some(&[(ONE, "broken", 40, 0), (TWO, "ok", 41, 0)]));
    let cause = Cause::Unreadable { reason: "an internal driver error occurred".to_owned() };
    assert_eq!(poll(&mut probe, &mut tracker).await, [unhealthy(ONE, cause)]);
    plug(&folder, Some(&[(ONE, "ok", 40, 0), (TWO, "ok", 41, 0)]));
    assert_eq!(poll(&mut probe, &mut tracker).await, [recovered(ONE)]);
}

/// Measures on the stand-in.
fn bench(uuid: &str) -> Result<cuda::GpuFigures, GpuBenchError> {
    cuda::bench(uuid, Duration::from_millis(60), &CancellationToken::new())
}

#[test]
fn the_benchmark_runs_through() {
    if standin("the_benchmark_runs_through", &["cuda"], &[]).is_some() {
        let figures = bench(CUDA).unwrap();
        assert!(figures.memory_megabytes_per_second > 0 && figures.fp32_megaflops > 0, "{figures:?}");
        assert!(figures.bf16_megaflops.is_some_and(|figure| figure > 0), "{figures:?}");
        // Once more on the same thread: everything was given back.
        bench(CUDA).unwrap();
        let shown = CUDA.to_owned();
        assert_eq!(bench(ONE), Err(GpuBenchError::NoSuchGpu { uuid: ONE.to_owned(), shown }));
    }
}

#[test]
fn a_copy_that_is_wrong_is_no_figure() {
    let variables = [("GRID_STANDIN_WRONG", "copy")];
    if standin("a_copy_that_is_wrong_is_no_figure", &["cuda"], &variables).is_some() {
        assert_eq!(bench(CUDA), Err(GpuBenchError::Wrong("memory copy")));
    }
}

#[test]
fn one_chain_that_is_wrong_is_no_figure() {
    let variables = [("GRID_STANDIN_WRONG", "chains")];
    if standin("one_chain_that_is_wrong_is_no_figure", &["cuda"], &variables).is_some() {
        assert_eq!(bench(CUDA), Err(GpuBenchError::Wrong("chain of multiply-adds")));
    }
}

#[test]
fn one_product_that_is_wrong_is_no_figure() {
    let variables = [("GRID_STANDIN_WRONG", "products")];
    if standin("one_product_that_is_wrong_is_no_figure", &["cuda"], &variables).is_some() {
        assert_eq!(bench(CUDA), Err(GpuBenchError::Wrong("matrix product on tensor cores")));
    }
}
