//! Kubernetes: the catalogue as a `ConfigMap`, and a `CronJob` for each line of each job.

use std::fmt::Write;
use std::path::Path;

use super::{Entry, File, Plan, safe_name};
use crate::catalogue::Missed;
use crate::cli::failure::{Exit, Failure};
use crate::job::Job;

/// The longest name of a `CronJob`: those of its jobs and pods are longer.
const LONGEST: usize = 52;
const CONFIG_MAP: &str = "rowcall-catalogue";
/// The `Secret` that has the variables.
const SECRET: &str = "rowcall";
/// The claim on a volume that has the state.
const VOLUME: &str = "rowcall-state";
/// Nobody's user, as distroless images have it.
const USER: u32 = 65_532;
/// How late a pod may start where missed slots are not made up for: the controller looks every ten seconds.
const FRESH: u64 = 60;

pub(super) fn files(plan: &Plan<'_>) -> Result<Vec<File>, Failure> {
    let mut files = vec![File { name: format!("{CONFIG_MAP}.yaml"), text: config_map(plan)? }];
    for entry in &plan.entries {
        let Ok(lines) = &entry.lines else { continue };
        let name = object(plan, entry);
        let mut text = String::new();
        for (index, line) in lines.lines.iter().enumerate() {
            let name = if index == 0 { name.clone() } else { format!("{name}-{}", index + 1) };
            if index > 0 {
                text.push_str("---\n");
            }
            text.push_str(&cron_job(plan, entry, &name, line, if lines.utc { "UTC" } else { &entry.zone }));
        }
        files.push(File { name: format!("{name}.yaml"), text });
    }
    Ok(files)
}

/// `rowcall-alert-low-stock`: lowercase letters, digits and `-`, with room for a number at the end.
fn object(plan: &Plan<'_>, entry: &Entry<'_>) -> String {
    let words = |job: Job<'_>| format!("rowcall-{}", job.id()).replace([' ', '_'], "-");
    let own = words(entry.job);
    let twin = Job::all(plan.catalogue).any(|other| other.id() != entry.job.id() && words(other) == own);
    let plain = |c: char| match c {
        ' ' | '_' => Some('-'),
        c => (c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-').then_some(c),
    };
    safe_name(&format!("rowcall-{}", entry.job.id()), LONGEST - 3, plain, twin)
}

fn config_map(plan: &Plan<'_>) -> Result<String, Failure> {
    let open: Vec<&str> =
        plan.catalogue.secrets.iter().filter(|secret| secret.is_in_the_open()).map(|secret| secret.place()).collect();
    if !open.is_empty() {
        let failure = Failure::usage(format!("a ConfigMap is no place for secrets: {}", open.join(", ")));
        return Err(failure.hint("write each as `${VARIABLE}`, which a Secret sets"));
    }
    let path = &plan.catalogue.path;
    let failed = |error| Failure::new(Exit::Usage, format!("cannot read catalogue `{}`: {error}", path.display()));
    let catalogue = std::fs::read_to_string(path).map_err(failed)?;
    let mut text = format!("# The catalogue, and jobs, by {}.\n", plan.origin());
    text.push_str("# A time that a clock change skips is not run by Kubernetes before the next day; rowcall would run it after the gap.\n");
    if !plan.needs.variables.is_empty() {
        writeln!(text, "# Secret `{SECRET}` must have the keys {}.", plan.needs.variables()).expect("text");
    }
    if let Some(folder) = plan.state_folder() {
        writeln!(text, "# PersistentVolumeClaim `{VOLUME}` must be there for the state in {}.", folder.display())
            .expect("text");
    }
    for file in &plan.needs.files {
        writeln!(text, "# {} must be in the image or mounted.", plan.folder().join(file).display()).expect("text");
    }
    for command in &plan.needs.commands {
        writeln!(text, "# {command} must be in the image.").expect("text");
    }
    for entry in &plan.entries {
        if let Err(problem) = &entry.lines {
            writeln!(text, "# not exported: {}: {}: {problem}", entry.job.id(), entry.when()).expect("text");
        }
    }
    let file = Path::new(&plan.path).file_name().unwrap_or_default().to_string_lossy();
    write!(
        text,
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {CONFIG_MAP}\ndata:\n  {}: {}\n",
        quoted(&file),
        block(&catalogue)
    )
    .expect("text");
    Ok(text)
}

/// Lines as they are where YAML leaves them as they are, else a string in quotes.
fn block(text: &str) -> String {
    let plain = |c: char| c == '\n' || !(c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}'));
    let body = text.strip_suffix('\n').unwrap_or(text);
    if body.is_empty() || body.ends_with('\n') || body.ends_with(' ') || !text.chars().all(plain) {
        return quoted(text);
    }
    let keep = if text.ends_with('\n') { "" } else { "-" };
    let indented = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("\n    {line}") };
    format!("|2{keep}{}", body.split('\n').map(indented).collect::<String>())
}

/// A string that YAML cannot take for anything else: JSON is YAML.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

fn cron_job(plan: &Plan<'_>, entry: &Entry<'_>, name: &str, line: &str, zone: &str) -> String {
    let timing = entry.job.timing();
    let (deadline, remark) = match timing.missed {
        Missed::Skip => (FRESH, ""),
        Missed::Latest => (timing.missed_window.as_secs().max(FRESH), ""),
        Missed::All => (
            timing.missed_window.as_secs().max(FRESH),
            "# missed = \"all\" has no counterpart here: of several times that were missed, the latest is run.\n",
        ),
    };
    let remark = entry.splay().map_or_else(|| remark.to_owned(), |splay| format!("{remark}# {splay}\n"));
    let arguments = ["--config", &plan.path, "run-job", &entry.word].map(quoted).join(", ");
    let file = Path::new(&plan.path).file_name().unwrap_or_default().to_string_lossy();
    let state = plan.state_folder().map(|folder| quoted(&folder.to_string_lossy()));
    let (mount, volume) = state.map_or((String::new(), String::new()), |folder| {
        (
            format!("                - {{name: state, mountPath: {folder}}}\n"),
            format!("            - {{name: state, persistentVolumeClaim: {{claimName: {VOLUME}}}}}\n"),
        )
    });
    format!(
        "# {title}: {when}.\n\
         {remark}\
         apiVersion: batch/v1\n\
         kind: CronJob\n\
         metadata:\n\
         \x20 name: {name}\n\
         \x20 labels: {{app.kubernetes.io/name: rowcall}}\n\
         spec:\n\
         \x20 schedule: {line}\n\
         \x20 timeZone: {zone}\n\
         \x20 concurrencyPolicy: Forbid\n\
         \x20 startingDeadlineSeconds: {deadline}\n\
         \x20 successfulJobsHistoryLimit: 1\n\
         \x20 failedJobsHistoryLimit: 3\n\
         \x20 jobTemplate:\n\
         \x20   spec:\n\
         \x20     backoffLimit: 0\n\
         \x20     template:\n\
         \x20       metadata:\n\
         \x20         labels: {{app.kubernetes.io/name: rowcall}}\n\
         \x20       spec:\n\
         \x20         restartPolicy: Never\n\
         \x20         automountServiceAccountToken: false\n\
         \x20         enableServiceLinks: false\n\
         \x20         securityContext:\n\
         \x20           runAsNonRoot: true\n\
         \x20           runAsUser: {USER}\n\
         \x20           runAsGroup: {USER}\n\
         \x20           fsGroup: {USER}\n\
         \x20           seccompProfile: {{type: RuntimeDefault}}\n\
         \x20         containers:\n\
         \x20           - name: rowcall\n\
         \x20             image: {image}\n\
         \x20             args: [{arguments}]\n\
         {environment}\
         \x20             securityContext:\n\
         \x20               allowPrivilegeEscalation: false\n\
         \x20               readOnlyRootFilesystem: true\n\
         \x20               capabilities: {{drop: [ALL]}}\n\
         \x20             volumeMounts:\n\
         \x20               - {{name: catalogue, mountPath: {path}, subPath: {file}, readOnly: true}}\n\
         {mount}\
         \x20         volumes:\n\
         \x20           - {{name: catalogue, configMap: {{name: {CONFIG_MAP}}}}}\n\
         {volume}",
        title = entry.title(),
        when = entry.when(),
        line = quoted(line),
        zone = quoted(zone),
        image = quoted(plan.image),
        environment = environment(plan),
        path = quoted(&plan.path),
        file = quoted(&file),
    )
}

fn environment(plan: &Plan<'_>) -> String {
    let mut text = String::new();
    for (index, (name, optional)) in plan.needs.variables.iter().enumerate() {
        if index == 0 {
            text.push_str("              env:\n");
        }
        let (name, optional) = (quoted(name), if *optional { ", optional: true" } else { "" });
        let key = format!("{{secretKeyRef: {{name: {SECRET}, key: {name}{optional}}}}}");
        writeln!(text, "                - {{name: {name}, valueFrom: {key}}}").expect("text");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::block;

    #[test]
    fn a_text_stays_what_it_is_in_yaml() {
        assert_eq!(block("a = 1\n\n  b = 2\n"), "|2\n    a = 1\n\n      b = 2");
        assert_eq!(block("a = 1"), "|2-\n    a = 1");
        assert_eq!(block(""), "\"\"");
        assert_eq!(block("a\tb\n"), "\"a\\tb\\n\"");
        assert_eq!(block("a\r\nb\n"), "\"a\\r\\nb\\n\"");
        assert_eq!(block("a\n\n"), "\"a\\n\\n\"");
    }
}
