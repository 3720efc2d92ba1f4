//! `infra nightly`

use anyhow::{Context as _, ensure};
use clap::{Args, ValueEnum};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::{CommandResult, Context, Exit, File};
use crate::model;

/// Write the schedule that puts an environment to sleep and wakes it
///
/// Prints a GitHub Actions workflow, lines for cron, or a stack file with an EventBridge schedule that
/// runs `infra` on Fargate.
#[derive(Args, Debug)]
pub(super) struct Nightly {
    #[command(flatten)]
    file: File,
    /// What runs it
    #[arg(long = "as", value_name = "WHAT", default_value = "github")]
    form: Form,
    /// When it falls asleep
    #[arg(long, value_name = "TIME", default_value = "20:00", value_parser = time)]
    sleep: Time,
    /// When it wakes
    #[arg(long, value_name = "TIME", default_value = "07:00", value_parser = time)]
    wake: Time,
    /// The days on which it wakes, as cron says it
    #[arg(long, value_name = "DAYS", default_value = "MON-FRI", value_parser = days)]
    days: String,
    /// The zone in which the times are meant
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    zone: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// A workflow for GitHub Actions
    Github,
    /// Lines for a crontab
    Cron,
    /// A stack file of its own: EventBridge Scheduler and a task on Fargate
    Aws,
}

fn time(text: &str) -> Result<Time, String> {
    text.parse().map_err(|_| "write it as 20:00".to_owned())
}

/// Days as cron and EventBridge both take them: by their names.
fn days(text: &str) -> Result<String, String> {
    const NAMES: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
    let upper = text.to_uppercase();
    let known = |day: &str| NAMES.contains(&day);
    if upper.split([',', '-']).all(known) {
        Ok(upper)
    } else {
        Err("write days as MON-FRI or MON,WED,FRI".to_owned())
    }
}

impl Nightly {
    pub(super) fn run(&self, context: &Context) -> CommandResult {
        let path = &self.file.stack;
        let stack = model::load(path, &context.model_options())?;
        ensure!(!stack.protect, "{} is protected: it is not put to sleep", stack.environment);
        let zone = TimeZone::get(&self.zone).with_context(|| {
            format!("there is no time zone `{}`; such as Europe/Paris", self.zone)
        })?;
        let (template, sleep, wake, note) = match self.form {
            Form::Github => {
                let (sleep, wake) = (in_utc(self.sleep, &zone)?, in_utc(self.wake, &zone)?);
                let note = if zone == TimeZone::UTC {
                    "so are these".to_owned()
                } else {
                    format!("these are those of {} in winter, an hour later in summer", self.zone)
                };
                (include_str!("../../templates/nightly/github.yaml"), sleep, wake, note)
            }
            Form::Cron => {
                let text = include_str!("../../templates/nightly/cron");
                (text, self.sleep, self.wake, String::new())
            }
            Form::Aws => {
                let text = include_str!("../../templates/nightly/aws.yaml");
                (text, self.sleep, self.wake, String::new())
            }
        };
        let name = format!("{}-{}-nights", stack.name, stack.environment);
        let days = &self.days;
        let cron = |time: Time, days: &str| format!("{} {} * * {days}", time.minute(), time.hour());
        let aws = |time: Time, days: &str| {
            format!("cron({} {} ? * {days} *)", time.minute(), time.hour())
        };
        let file = path.display().to_string();
        // What is asleep falls asleep again every night, at weekends too.
        let values = [
            ("{stack}", stack.name.as_str()),
            ("{environment}", &stack.environment),
            ("{region}", &stack.region),
            ("{name}", &name),
            ("{file}", &file),
            ("{zone}", &self.zone),
            ("{note}", &note),
            ("{sleep_cron}", &cron(sleep, "*")),
            ("{wake_cron}", &cron(wake, days)),
            ("{sleep_aws}", &aws(sleep, "*")),
            ("{wake_aws}", &aws(wake, days)),
        ];
        let text =
            values.iter().fold(template.to_owned(), |text, (key, value)| text.replace(key, value));
        context.report.out(text.trim_end());
        Ok(Exit::Success)
    }
}

/// A time in UTC, by the zone's winter time.
fn in_utc(time: Time, zone: &TimeZone) -> anyhow::Result<Time> {
    let winter = Date::constant(2027, 1, 15).to_datetime(time);
    let winter = zone.to_ambiguous_zoned(winter).compatible()?;
    Ok(winter.with_time_zone(TimeZone::UTC).time())
}
