//! Images: which one an op runs in, and bringing it onto the machine.

use std::fs;

use bollard::{
    Docker,
    auth::DockerCredentials,
    query_parameters::{CreateImageOptionsBuilder, RemoveImageOptions},
};
use futures_util::TryStreamExt;
use serde_json::Value;

use super::engine::is_status;
use crate::{
    definition::{Definition, DockerAuth, Literals, RunArgs, Unresolved},
    exec::{JobContext, Scratch},
};

/// When an image is pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// When it is not on the machine yet.
    #[default]
    IfAbsent,
    /// Before every job. The registry then sees every job, and an image that changed behind its name is the new one.
    Always,
    /// Never: only images that are on the machine can be run.
    Never,
}

/// The image of an op, as far as it is known before the job starts.
pub(super) fn name_of(definition: &Definition, args: &RunArgs) -> Result<String, Unresolved> {
    let literals = Literals { variables: definition.variables.clone(), ..Literals::default() };
    let image = literals.resolve("image", &Value::from(args.image.as_str()))?;
    let image = image.as_str().unwrap_or_default();
    // A name without a tag means the newest to a registry, and every image there is to an engine.
    let has_tag = image.contains('@') || image.rsplit('/').next().unwrap_or_default().contains(':');
    Ok(if has_tag { image.to_owned() } else { format!("{image}:latest") })
}

/// Brings `image` onto the machine. An image that was had by credentials is noted in the job's folder, so that it is
/// removed with the job: the next job must have credentials of its own.
pub(super) async fn bring(
    docker: &Docker,
    job: &JobContext<'_>,
    image: &str,
    auth: Option<&DockerAuth>,
    policy: PullPolicy,
) -> Result<(), String> {
    let is_there = match docker.inspect_image(image).await {
        Ok(_) => true,
        Err(error) if is_status(&error, 404) => false,
        Err(error) => return Err(format!("the image {image}: {error}")),
    };
    match (policy, is_there) {
        (PullPolicy::IfAbsent | PullPolicy::Never, true) => return Ok(()),
        (PullPolicy::Never, false) => {
            return Err(format!("the image {image} is not on this machine, and this worker pulls none"));
        }
        (PullPolicy::IfAbsent, false) | (PullPolicy::Always, _) => {}
    }
    if auth.is_some() && !is_there {
        let list = private_list(job.scratch);
        let mut noted = fs::read_to_string(&list).unwrap_or_default();
        noted += &format!("{image}\n");
        fs::write(&list, noted).map_err(|error| format!("{}: {error}", list.display()))?;
    }
    tracing::info!(image, job = job.job_id, "pulling an image");
    let options = CreateImageOptionsBuilder::default().from_image(image).build();
    let pulled = docker.create_image(Some(options), None, auth.map(credentials));
    match pulled.try_for_each(async |_| Ok(())).await {
        Ok(()) => Ok(()),
        Err(error) => Err(format!("the image {image} cannot be pulled: {error}")),
    }
}

/// Removes the images that were had by credentials of the job in `scratch`.
pub(super) async fn remove_private(docker: &Docker, scratch: &Scratch) {
    let noted = fs::read_to_string(private_list(scratch)).unwrap_or_default();
    for image in noted.lines() {
        match docker.remove_image(image, None::<RemoveImageOptions>, None).await {
            Err(error) if !is_status(&error, 404) => {
                tracing::warn!(image, %error, "an image that only its client may have was not removed");
            }
            _ => {}
        }
    }
}

fn private_list(scratch: &Scratch) -> std::path::PathBuf {
    scratch.root().join("private-images")
}

fn credentials(auth: &DockerAuth) -> DockerCredentials {
    let password = auth.password.as_ref().and_then(|secrets| secrets.0.get("password"));
    DockerCredentials {
        username: auth.username.clone(),
        password: password.cloned(),
        email: auth.email.clone(),
        serveraddress: auth.server.clone(),
        ..DockerCredentials::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Action;

    fn name(image: &str) -> Result<String, Unresolved> {
        let definition = serde_json::json!({
            "version": "0.1", "type": "container", "global": {"variables": {"TAG": "3"}},
            "ops": [{"type": "container/run", "id": "a", "args": {"image": image}}]
        });
        let definition = Definition::parse(definition.to_string().as_bytes()).unwrap();
        let Action::Run(args) = &definition.ops[0].action else { unreachable!() };
        name_of(&definition, args)
    }

    #[test]
    fn an_image_is_known_before_the_job() {
        assert_eq!(name("alpine").unwrap(), "alpine:latest");
        assert_eq!(name("registry:5000/a/b").unwrap(), "registry:5000/a/b:latest");
        assert_eq!(name("registry:5000/a/b:%%global.variables.TAG%%").unwrap(), "registry:5000/a/b:3");
        let pinned = format!("a@sha256:{}", "0".repeat(64));
        assert_eq!(name(&pinned).unwrap(), pinned);
    }
}
