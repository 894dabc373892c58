//! One `redis-server` as a child process.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to start or to answer; reached only when the test fails.
const DEADLINE: Duration = Duration::from_secs(30);

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// Lines as in `redis.conf`, each a directive with its arguments.
    pub settings: Vec<Vec<String>>,
    /// Configuration file that is read before the settings.
    pub file: Option<PathBuf>,
    /// Runs as a Sentinel; its configuration file is made of these lines and rewritten by itself.
    pub sentinel: Option<String>,
    /// What has to be sent first on a connection of the test, if the server wants a password.
    pub auth: Option<Vec<String>>,
}

impl ServerOptions {
    /// Everything on disk before it is answered: what a receipt may be given for.
    pub fn durable() -> Self {
        Self::default()
            .with("appendonly yes")
            .with("appendfsync always")
    }

    /// As recommended to operators.
    pub fn recommended() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self {
            file: Some(root.join("deploy/redis-server.conf")),
            ..Self::default()
        }
    }

    /// In memory only.
    pub fn in_memory() -> Self {
        Self::default().with("appendonly no")
    }

    /// One more directive.
    pub fn with(mut self, setting: &str) -> Self {
        self.settings
            .push(setting.split(' ').map(str::to_owned).collect());
        self
    }
}

/// A running server, or one that can be started again.
pub struct RedisServer {
    port: u16,
    options: ServerOptions,
    folder: TempDir,
    child: Option<Child>,
}

/// A port nobody listens on at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl RedisServer {
    /// Starts a server on a free port and waits until it answers.
    pub fn start(options: ServerOptions) -> Self {
        // Between finding a port and listening on it, another test may take it: try again.
        for _ in 0..5 {
            let mut server = Self {
                port: free_port(),
                options: options.clone(),
                folder: tempfile::tempdir().unwrap(),
                child: None,
            };
            if server.launch() {
                return server;
            }
        }
        panic!("no redis-server: is it installed? `cargo xtask test` says how");
    }

    /// A Sentinel set up as recommended, which watches a primary under the name `callbox`.
    pub fn sentinel(primary: &Self) -> Self {
        let text = include_str!("../../../deploy/redis-sentinel.conf");
        let watched = format!("sentinel monitor callbox 127.0.0.1 {} 2", primary.port);
        let lines = text
            .replace("port 26379\n", "")
            .replace("sentinel monitor callbox 10.0.0.11 6379 2", &watched);
        assert!(lines.contains(&watched));
        Self::start(ServerOptions {
            sentinel: Some(lines),
            ..ServerOptions::default()
        })
    }

    /// A replica of another server, started and in step with it.
    pub fn replica_of(primary: &Self, options: ServerOptions) -> Self {
        let replica = Self::start(options.with(&format!("replicaof 127.0.0.1 {}", primary.port)));
        replica.await_info("master_link_status:up");
        replica
    }

    fn launch(&mut self) -> bool {
        let folder = self.folder.path();
        let mut command = Command::new("redis-server");
        if let Some(text) = &self.options.sentinel {
            let file = folder.join("sentinel.conf");
            if !file.exists() {
                let own = format!("port {}\nbind 127.0.0.1\n", self.port);
                std::fs::write(&file, own + text).unwrap();
            }
            command.arg(&file).arg("--sentinel");
        } else {
            if let Some(file) = &self.options.file {
                // Sentinel has servers rewrite their files: each works on a copy of its own.
                let copy = folder.join("redis.conf");
                if !copy.exists() {
                    std::fs::copy(file, &copy).unwrap();
                }
                command.arg(copy);
            }
            command.args(["--port", &self.port.to_string()]);
            command.args(["--bind", "127.0.0.1", "--save", ""]);
            // No further replica is waited for before one is served.
            command.args(["--repl-diskless-sync-delay", "0"]);
            command.arg("--dir").arg(folder);
        }
        for setting in &self.options.settings {
            let (name, arguments) = setting.split_first().unwrap();
            command.arg(format!("--{name}")).args(arguments);
        }
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command.stdout(std::fs::File::create(folder.join("server.log")).unwrap());
        self.child = Some(command.spawn().expect("redis-server can be started"));
        let end = Instant::now() + DEADLINE;
        while Instant::now() < end {
            if self.child.as_mut().unwrap().try_wait().unwrap().is_some() {
                return false;
            }
            if self.answers() {
                return true;
            }
            std::thread::yield_now();
        }
        panic!("redis-server does not answer: {}", self.log());
    }

    fn answers(&self) -> bool {
        let answer = ask(self.address(), self.options.auth.as_ref(), &["PING"]);
        answer.is_ok_and(|answer| answer.contains("PONG"))
    }

    /// What the server wrote to its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// As `backbone.url`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The folder with its data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sends one command and answers the whole reply as text.
    pub fn command(&self, words: &[&str]) -> String {
        ask(self.address(), self.options.auth.as_ref(), words).expect("the server answers")
    }

    /// A connection of the test's own that stays open, with this password if there is one.
    pub fn connection(&self, password: &str) -> redis::Connection {
        let url = match password {
            "" => self.url(),
            password => format!("redis://:{password}@{}", self.address()),
        };
        let connection = redis::Client::open(url).and_then(|client| client.get_connection());
        connection.expect("it lets the test in")
    }

    /// Has the user `callbox` with the rights of the manual and the password `secret`.
    pub fn has_the_user_of_the_manual(&self) {
        let page = include_str!("../../../docs/backbone-redis.md");
        let (_, rights) = page.split_once("ACL SETUSER callbox ").unwrap();
        let rights = rights.split("```").next().unwrap().replace('\\', " ");
        let rights = rights.replace(">PASSWORD", ">secret");
        let mut command = vec!["ACL", "SETUSER", "callbox"];
        command.extend(rights.split_whitespace());
        let answer = self.command(&command);
        assert!(answer.contains("OK"), "{answer}");
    }

    /// Has everybody say another password from now on, also who is connected. An empty one is none.
    pub fn changes_password(&self, old: &str, new: &str) {
        let mut connection = self.connection(old);
        let mut change = redis::pipe();
        change
            .cmd("CONFIG")
            .arg(&["SET", "requirepass", new])
            .ignore();
        for kind in ["normal", "pubsub"] {
            change.cmd("CLIENT").arg(&["KILL", "TYPE", kind]).ignore();
        }
        change.exec(&mut connection).unwrap();
    }

    /// Makes this replica a primary as a Sentinel does: in one transaction that also ends the connections of all others.
    pub fn promote(&self) {
        let connection = redis::Client::open(self.url()).and_then(|client| client.get_connection());
        let mut promotion = redis::pipe();
        promotion.atomic();
        promotion.cmd("REPLICAOF").arg("NO").arg("ONE").ignore();
        promotion
            .cmd("CLIENT")
            .arg("KILL")
            .arg("TYPE")
            .arg("normal")
            .ignore();
        promotion
            .cmd("CLIENT")
            .arg("KILL")
            .arg("TYPE")
            .arg("pubsub")
            .ignore();
        promotion.exec(&mut connection.unwrap()).unwrap();
    }

    /// Waits until `INFO` has this line.
    pub fn await_info(&self, line: &str) {
        self.await_answer(&["INFO", "everything"], line);
    }

    /// Waits until the answer to a command has this text in it.
    pub fn await_answer(&self, words: &[&str], text: &str) {
        let end = Instant::now() + DEADLINE;
        loop {
            let answer = self.command(words);
            if answer.contains(text) {
                return;
            }
            assert!(Instant::now() < end, "no {text} in {answer}");
            std::thread::yield_now();
        }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([name, &self.pid().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Kills it, as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Freezes it: connections stay, nothing is answered.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Starts it again on the same port with the data it has.
    pub fn restart(&mut self) {
        self.kill();
        assert!(self.launch(), "{}", self.log());
    }

    /// Starts it again on the same port without data.
    pub fn restart_empty(&mut self) {
        self.kill();
        self.folder = tempfile::tempdir().unwrap();
        assert!(self.launch(), "{}", self.log());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One command over a connection of its own, in the servers' own protocol; the raw reply.
pub fn ask(
    address: SocketAddr,
    auth: Option<&Vec<String>>,
    words: &[&str],
) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    if let Some(auth) = auth {
        let auth: Vec<&str> = auth.iter().map(String::as_str).collect();
        send(&mut stream, &auth)?;
        read_reply(&mut stream)?;
    }
    send(&mut stream, words)?;
    read_reply(&mut stream)
}

fn send(stream: &mut TcpStream, words: &[&str]) -> std::io::Result<()> {
    let mut request = format!("*{}\r\n", words.len());
    for word in words {
        request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.write_all(request.as_bytes())
}

/// One reply: simple ones by their line, bulk and nested ones by their declared lengths.
fn read_reply(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut text = String::new();
    let mut pending = 1;
    while pending > 0 {
        pending -= 1;
        let line = read_line(stream)?;
        let count = line.get(1..).and_then(|rest| rest.parse::<i64>().ok());
        text.push_str(&line);
        text.push('\n');
        match (line.as_bytes().first(), count) {
            (Some(b'$'), Some(length)) if length >= 0 => {
                let mut bytes = vec![0; usize::try_from(length).unwrap() + 2];
                stream.read_exact(&mut bytes)?;
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
            (Some(b'*'), Some(items)) if items > 0 => pending += items,
            _ => {}
        }
    }
    Ok(text)
}

fn read_line(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\r\n") {
        stream.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    line.truncate(line.len() - 2);
    Ok(String::from_utf8_lossy(&line).into_owned())
}
