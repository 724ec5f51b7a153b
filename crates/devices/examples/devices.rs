//! What this machine has: `cargo run -p grid-devices --example devices [watch | bench]`.
//!
//! Without an argument, all GPUs once, or why there are none. `watch` goes on and tells what changes. `bench` measures each GPU.

use std::{env, error::Error, time::Duration};

use grid_devices::{
    CancellationToken, CpuDevice, NvmlProbe, Probe, ProbeError, Rules, Sighting, Snapshot, cuda, watch,
};

/// Between two looks.
const PERIOD: Duration = Duration::from_secs(2);
/// Of each benchmark.
const DURATION: Duration = Duration::from_secs(3);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut probe = NvmlProbe::start()?;
    match env::args().nth(1).as_deref() {
        None => show(probe.snapshot().await),
        Some("watch") => {
            let mut events = watch(probe, Rules::default(), PERIOD, CancellationToken::new());
            while let Some(event) = events.recv().await {
                println!("{event:?}");
            }
        }
        Some("bench") => {
            let snapshot = probe.snapshot().await?;
            for sighting in &snapshot.sightings {
                if let Sighting::Read { gpu, .. } = sighting {
                    let uuid = gpu.uuid.clone();
                    let bench = move || cuda::bench(&uuid, DURATION, &CancellationToken::new());
                    println!("{} {}: {:?}", gpu.index, gpu.name, tokio::task::spawn_blocking(bench).await??);
                }
            }
        }
        Some(other) => return Err(format!("{other} is none of watch, bench").into()),
    }
    Ok(())
}

fn show(snapshot: Result<Snapshot, ProbeError>) {
    match snapshot {
        Ok(snapshot) => {
            for sighting in &snapshot.sightings {
                println!("{sighting:#?}");
            }
            if snapshot.sightings.is_empty() {
                println!("no GPU found: the NVIDIA driver works and counts none");
            }
        }
        Err(error) => println!("{error}"),
    }
    for device in CpuDevice::several(1) {
        println!("{device}");
    }
}
