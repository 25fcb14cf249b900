//! Giving up what is not needed once the interface is open: another user's rights, capabilities, the
//! power to gain new ones, and all files but the outputs. What hostile packets might make this program do
//! then is next to nothing.
//!
//! Everything here acts on the calling thread and on those that it starts: it is to be called before
//! there are others.

use std::path::PathBuf;

use crate::error::Error;

/// Whose rights to go on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// For messages.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
    /// Further groups.
    pub groups: Vec<u32>,
}

/// What the user asked for, and what the environment of sudo says.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// `--user`: a name or a number.
    pub user: Option<String>,
    /// SUDO_UID and SUDO_GID.
    pub sudo: Option<(u32, u32)>,
}

/// Becomes the user, and gives up all capabilities. Returns what was done, a line each.
///
/// # Errors
/// When the user is not known, or cannot be become. Capabilities that cannot be given up are told only: a
/// process without privileges has none.
#[cfg(target_os = "linux")]
pub fn give_up(wish: &Wish) -> Result<Vec<String>, Error> {
    linux::give_up(wish)
}

/// Confines this process to writing to these files and below these folders. Returns what was done.
#[cfg(target_os = "linux")]
pub fn confine(writable: &[PathBuf]) -> Vec<String> {
    linux::confine(writable)
}

/// Elsewhere nothing of this exists.
///
/// # Errors
/// When a user is asked for.
#[cfg(not(target_os = "linux"))]
pub fn give_up(wish: &Wish) -> Result<Vec<String>, Error> {
    if wish.user.is_some() {
        return Err(Error::Privileges { hint: "--user works on Linux only".to_owned() });
    }
    Ok(vec!["nothing is given up: this system has no way to that is known here".to_owned()])
}

/// Elsewhere nothing of this exists.
#[cfg(not(target_os = "linux"))]
pub fn confine(_: &[PathBuf]) -> Vec<String> {
    Vec::new()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::Read;
    use std::path::{Path, PathBuf};

    use caps::CapSet;
    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
        RulesetCreatedAttr, RulesetStatus,
    };
    use rustix::process::{Gid, Uid, geteuid};
    use rustix::thread::{set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid};

    use super::{User, Wish};
    use crate::error::Error;

    /// How much of /etc/passwd and /etc/group is read.
    const LARGEST: u64 = 16 << 20;

    pub(super) fn give_up(wish: &Wish) -> Result<Vec<String>, Error> {
        let mut done = Vec::new();
        let is_root = geteuid().is_root();
        let user = chosen(wish, is_root)?;
        // While there still is the right to.
        done.push(match caps::clear(None, CapSet::Bounding) {
            Ok(()) => "emptied the bounding set of capabilities".to_owned(),
            Err(_) => "kept the bounding set of capabilities: no right to empty it".to_owned(),
        });
        match user {
            Some(user) => {
                become_user(&user)?;
                done.push(format!("went on as {} (uid {}, gid {})", user.name, user.uid, user.gid));
            }
            None if is_root => {
                done.push("stayed root: no --user is given, and sudo named nobody".to_owned());
            }
            None => {}
        }
        let sets = [CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted];
        let cleared = sets.into_iter().all(|set| caps::clear(None, set).is_ok());
        done.push(if cleared { "gave up all capabilities" } else { "could not give up all capabilities" }.to_owned());
        done.push(match set_no_new_privs(true) {
            Ok(()) => "can gain no new privileges (no_new_privs)".to_owned(),
            Err(error) => format!("no_new_privs was not set: {error}"),
        });
        Ok(done)
    }

    fn chosen(wish: &Wish, is_root: bool) -> Result<Option<User>, Error> {
        match (&wish.user, wish.sudo) {
            (Some(_), _) if !is_root => Err(hint("only root can become another user; leave --user out")),
            (Some(name), _) => named(name).map(Some).ok_or_else(|| hint(&format!("there is no user {name:?}"))),
            (None, Some((uid, gid))) if is_root && uid != 0 => {
                let found = named(&uid.to_string()).map(|user| User { gid, ..user });
                let unknown = || User { name: format!("user {uid}"), uid, gid, groups: Vec::new() };
                Ok(Some(found.unwrap_or_else(unknown)))
            }
            (None, _) => Ok(None),
        }
    }

    fn hint(text: &str) -> Error {
        Error::Privileges { hint: text.to_owned() }
    }

    fn become_user(user: &User) -> Result<(), Error> {
        let failed = |what: &str, error: rustix::io::Errno| hint(&format!("{what} of {}: {error}", user.name));
        let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
        let groups: Vec<Gid> = user.groups.iter().copied().map(Gid::from_raw).collect();
        set_thread_groups(&groups).map_err(|error| failed("the groups", error))?;
        set_thread_res_gid(gid, gid, gid).map_err(|error| failed("the group", error))?;
        set_thread_res_uid(uid, uid, uid).map_err(|error| failed("the user id", error))
    }

    fn table(path: &str) -> String {
        #[expect(clippy::disallowed_methods, reason = "the system's tables of users and groups")]
        let file = File::open(path);
        let mut text = String::new();
        if let Ok(file) = file {
            let _ = file.take(LARGEST).read_to_string(&mut text);
        }
        text
    }

    /// A user by name or number.
    fn named(name: &str) -> Option<User> {
        find(name, &table("/etc/passwd"), &table("/etc/group"))
    }

    pub(super) fn find(name: &str, passwd: &str, group: &str) -> Option<User> {
        let by_number = name.parse::<u32>().ok();
        let entry = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| {
            let uid = fields.get(2).and_then(|uid| uid.parse::<u32>().ok());
            fields.first() == Some(&name) || (by_number.is_some() && uid == by_number)
        })?;
        let number = |index: usize| entry.get(index).and_then(|field| field.parse::<u32>().ok());
        let login = *entry.first()?;
        let member = |fields: &[&str]| fields.get(3).is_some_and(|members| members.split(',').any(|one| one == login));
        let groups = group
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .filter(|fields| member(fields))
            .filter_map(|fields| fields.get(2).and_then(|gid| gid.parse().ok()))
            .collect();
        Some(User { name: login.to_owned(), uid: number(2)?, gid: number(3)?, groups })
    }

    pub(super) fn confine(writable: &[PathBuf]) -> Vec<String> {
        match try_to_confine(writable) {
            Ok(RulesetStatus::NotEnforced) => vec!["files are not confined: this kernel has no Landlock".to_owned()],
            Ok(status) => {
                let names: Vec<String> = writable.iter().map(|path| path.display().to_string()).collect();
                let what = if names.is_empty() { "no file".to_owned() } else { format!("{} only", names.join(", ")) };
                let how = if status == RulesetStatus::FullyEnforced { "" } else { ", as far as this kernel can" };
                vec![format!("can write to {what}, and open no TCP connection (Landlock{how})")]
            }
            Err(error) => vec![format!("files are not confined: {error}")],
        }
    }

    fn try_to_confine(writable: &[PathBuf]) -> Result<RulesetStatus, Box<dyn std::error::Error>> {
        let abi = ABI::V5;
        let mut rules = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_write(abi))?
            .handle_access(AccessNet::from_all(abi))?
            .create()?;
        for path in writable {
            let access = if Path::is_dir(path) {
                AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::RemoveFile | AccessFs::Truncate
            } else {
                AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev
            };
            rules = rules.add_rule(PathBeneath::new(PathFd::new(path)?, access))?;
        }
        Ok(rules.restrict_self()?.ruleset)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "these tests read and write files of their own")]

    use super::*;

    #[test]
    fn users_are_found_by_name_and_by_number_with_their_groups() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:100:Ann,,,:/home/ann:/bin/sh\n";
        let group = "wheel:x:10:bob,ann\nusers:x:100:\nother:x:11:annie\n";
        let ann = User { name: "ann".into(), uid: 1000, gid: 100, groups: vec![10] };
        assert_eq!(linux::find("ann", passwd, group), Some(ann.clone()));
        assert_eq!(linux::find("1000", passwd, group), Some(ann));
        assert_eq!(linux::find("an", passwd, group), None);
    }

    #[test]
    fn a_confined_thread_writes_to_what_was_named_only() {
        let folder = std::env::temp_dir().join(format!("tlswhy-confined-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let (named, other) = (folder.join("named"), folder.join("other"));
        std::fs::File::create(&named).expect("a file");
        // Landlock binds the thread that asks for it, and its children.
        let said = std::thread::spawn({
            let (named, other) = (named.clone(), other.clone());
            move || {
                let said = confine(std::slice::from_ref(&named)).join("; ");
                let enforced = said.contains("can write to");
                assert!(std::fs::write(&named, "x").is_ok(), "{said}");
                assert_eq!(std::fs::write(&other, "x").is_err(), enforced, "{said}");
                said
            }
        })
        .join()
        .expect("no panic");
        assert!(!said.is_empty());
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
