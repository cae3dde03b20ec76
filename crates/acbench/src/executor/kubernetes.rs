//! Kubernetes: an Indexed Job of workers. What each does, and in which order, they settle among themselves on the volume.

use std::path::Path;

use crate::verb::{Submission, path_text};

/// Restarts of a worker before the job counts as failed.
const RESTARTS: usize = 4;

/// The manifest. Texts are quoted as in JSON, which YAML reads.
pub(crate) fn job(wanted: &Submission, (image, claim): (&str, &str), mount: &Path) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let words = ["acbench".to_owned(), "worker".to_owned(), path_text(&wanted.folder)];
    let words: Vec<String> = words.iter().chain(&wanted.flags).map(|word| quoted(word)).collect();
    format!(
        r#"apiVersion: batch/v1
kind: Job
metadata:
  generateName: acbench-
spec:
  completionMode: Indexed
  completions: {workers}
  parallelism: {workers}
  backoffLimit: {restarts}
  template:
    spec:
      restartPolicy: OnFailure
      # On TERM a worker ends after the replies in flight.
      terminationGracePeriodSeconds: 120
      containers:
        - name: worker
          image: {image}
          command: [{command}]
          env:
            - name: ACBENCH_API_KEY
              valueFrom: {{secretKeyRef: {{name: acbench, key: api-key, optional: true}}}}
          volumeMounts:
            - name: runs
              mountPath: {mount}
      volumes:
        - name: runs
          persistentVolumeClaim: {{claimName: {claim}}}
"#,
        workers = wanted.workers,
        restarts = wanted.workers * RESTARTS,
        image = quoted(image),
        command = words.join(", "),
        mount = quoted(&path_text(mount)),
        claim = quoted(claim),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts() {
        let wanted = Submission {
            folder: "/runs/a \"b\": [c]".into(),
            program: "/elsewhere/acbench".into(),
            workers: 8,
            flags: vec!["--batch_size".into(), "64".into()],
            shard_size: 8,
        };
        let text = job(&wanted, ("registry/acbench:1", "runs"), Path::new("/runs"));
        let line = r#"command: ["acbench", "worker", "/runs/a \"b\": [c]", "--batch_size", "64"]"#;
        for line in [line, "completions: 8", "parallelism: 8", "image: \"registry/acbench:1\"", "mountPath: \"/runs\""]
        {
            assert!(text.contains(line), "{line} is not in {text}");
        }
    }
}
