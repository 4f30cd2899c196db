using k8s;
using k8s.Models;
using Kublambda.Builder.Tests.Remote;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>
/// Private repositories as a company has them: https with a password behind an authority of its own (the installation's ConfigMap <c>kublambda-trust</c>), and
/// Debian's sshd with a key. Both serve the same repository, from a pod.
/// </summary>
[Collection(DisturbsThePlatform.Name)]
public sealed class PrivateSourceTests(TestNamespace<PrivateSourceTests> space, TestCluster cluster) : IClassFixture<TestNamespace<PrivateSourceTests>>
{
    private const string Trust = "kublambda-trust";

    // In front of git: TLS and a password.
    private const string Gate = """
        const http = require('node:http'), https = require('node:https');
        const wanted = 'Basic ' + Buffer.from('bot:s3cret').toString('base64');
        const fs = require('node:fs'), pem = '/data/tls.pem';
        const start = () => fs.existsSync(pem) ? listen(fs.readFileSync(pem)) : setTimeout(start, 100);
        const listen = (both) => https.createServer({ key: both, cert: both }, (req, res) => {
          if (req.headers.authorization !== wanted) { res.writeHead(401, { 'www-authenticate': 'Basic realm=git' }); res.end(); return; }
          req.pipe(http.request({ host: '127.0.0.1', port: 8080, path: req.url, method: req.method, headers: req.headers }, (answer) => {
            res.writeHead(answer.statusCode, answer.headers); answer.pipe(res);
          }));
        }).listen(8443);
        start();
        """;

    // The node's own sshd, in the node's files, with the pod's network; it knows one key, and with that one git alone.
    private const string Sshd = """
        chroot '/host' or die $!; chdir '/'; sleep 1 until -e '/mnt/ssh/config'; exec '/usr/sbin/sshd', '-D', '-e', '-f', '/mnt/ssh/config';
        """;
    private const string SshdSettings = """
        Port 2222
        HostKey /mnt/ssh/host
        AuthorizedKeysFile /mnt/ssh/authorized_keys
        PidFile none
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        PermitRootLogin prohibit-password
        SetEnv GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*
        """;

    [Fact]
    public async Task Branches_tags_commits_and_directories_come_over_https_and_ssh_with_credentials_from_a_Secret()
    {
        Assert.SkipUnless(File.Exists("/usr/sbin/sshd"), "The node has no sshd: apt-get install openssh-server.");
        var server = await StartAsync();
        var (https, ssh) = ($"https://{server.Address}:8443/app.git", $"ssh://root@{server.Address}:2222/mnt/app.git");
        using var authority = new TestAuthority(server.Address);
        await server.ShellAsync("printf '%s\\n' \"$1\" >/data/new.pem; perl -e 'rename \"/data/new.pem\", \"/data/tls.pem\"'", authority.ServerPem);
        await TrustAsync(authority.Pem);
        try
        {
            await server.ShellAsync("perl -e 'mkdir \"/data/work/fn\"'");
            var first = await server.CommitAsync("main", "fn/index.js", "exports.handler = () => 'one';");
            await server.ShellAsync("cd /data/work && git push -q /data/app.git HEAD:refs/tags/v1");
            var second = await server.CommitAsync("main", "fn/index.js", "exports.handler = () => 'two';");

            await space.ApplyAsync([From("https-branch", https, "main", "web"), From("https-tag", https, "v1", "web"), From("ssh-branch", ssh, "main", "key"), From("ssh-commit", ssh, first, "key")]);
            foreach (var (name, commit) in new[] { ("https-branch", second), ("https-tag", first), ("ssh-branch", second), ("ssh-commit", first) })
                Assert.Equal(commit, (await space.ReadyAsync(name)).Status!.Build!.Commit);
            await space.AnswersAsync(await space.ReadAsync("ssh-commit"), "one");

            var third = await server.CommitAsync("main", "fn/index.js", "exports.handler = () => 'three';");
            foreach (var name in new[] { "https-branch", "ssh-branch" })
            {
                await space.KubectlAsync("annotate", "lambda", name, $"{Labels.Fetch}=now");
                var moved = await space.UntilAsync(name, "Ready with the third commit", l => Seen.IsReady(l) && l.Status!.Build!.Commit == third);
                await space.AnswersAsync(moved, "three");
            }

            await space.ApplyAsync([
                From("https-nobody", https, "main", null), From("https-wrong", https, "main", "wrong"), From("ssh-stranger", ssh, "main", "stranger"), From("ssh-wrong", ssh, "main", "wrong-key"),
            ]);
            foreach (var (name, words) in new[] { ("https-nobody", "secretRef"), ("https-wrong", "valid credentials"), ("ssh-stranger", "host key"), ("ssh-wrong", "refuses access") })
            {
                var built = await space.ConditionAsync(name, ConditionTypes.Built, ConditionStatus.False, Reasons.SourceUnauthorized);
                Assert.Contains(words, built.Message, StringComparison.Ordinal);
                Assert.DoesNotContain("s3cret", built.Message, StringComparison.Ordinal);
            }
        }
        finally
        {
            await cluster.Kubectl.TryAsync("-n", Installation.Namespace, "delete", "configmap", Trust);
            await RestartAsync();
        }
    }

    private static LambdaBuilder From(string name, string url, string revision, string? secret) => ALambda(name).With(spec => spec with
    {
        Build = null,
        Source = new() { Git = new() { Url = url, Revision = revision, SubPath = "fn", SecretRef = secret is null ? null : new() { Name = secret } } },
    });

    private async Task TrustAsync(string pem)
    {
        var there = await cluster.Api.CoreV1.ListNamespacedConfigMapAsync(Installation.Namespace, fieldSelector: $"metadata.name={Trust}");
        Assert.SkipUnless(there.Items.Count == 0, $"This installation has a ConfigMap {Trust} of its own.");
        await cluster.Api.CoreV1.CreateNamespacedConfigMapAsync(
            new() { Metadata = new() { Name = Trust }, Data = new Dictionary<string, string> { ["ca.crt"] = pem } }, Installation.Namespace);
        await RestartAsync();
    }

    private async Task RestartAsync()
    {
        await cluster.Kubectl.RunAsync("-n", Installation.Namespace, "rollout", "restart", "deployment/builder");
        await cluster.Kubectl.RunAsync("-n", Installation.Namespace, "rollout", "status", "deployment/builder", "--timeout=180s");
    }

    private async Task<SourceServer> StartAsync()
    {
        var server = await SourceServer.StartAsync(space, pod =>
        {
            pod.Containers.Add(new()
            {
                Name = "tls", Image = "localhost:5000/kublambda/runtime-nodejs:dev", Command = ["node", "-e", Gate],
                VolumeMounts = [new() { Name = "data", MountPath = "/data" }],
            });
            pod.Containers.Add(new()
            {
                Name = "ssh", Image = pod.Containers[0].Image, Command = ["/usr/bin/perl", "-e", Sshd], SecurityContext = new() { RunAsUser = 0, RunAsGroup = 0 },
                VolumeMounts = [new() { Name = "node", MountPath = "/host" }, new() { Name = "data", MountPath = "/host/mnt" }],
            });
            pod.Volumes.Add(new() { Name = "node", HostPath = new() { Path = "/" } });
            pod.Volumes.Add(new() { Name = "separation", HostPath = new() { Path = "/run/sshd", Type = "DirectoryOrCreate" } });
            pod.Containers[2].VolumeMounts.Add(new() { Name = "separation", MountPath = "/run/sshd" });
        });
        await server.ShellAsync(
            "perl -e 'mkdir \"/data/ssh\"'; cd /data/ssh; for k in host user other; do ssh-keygen -q -t ed25519 -N '' -f $k; done; read -r key <user.pub; printf 'restrict %s\\n' \"$key\" >authorized_keys;"
            + " printf '%s\\n' \"$1\" >new; perl -e 'rename \"new\", \"config\"'", SshdSettings);
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in new[] { "user", "other", "host.pub", "other.pub" })
            keys[file] = await server.ShellAsync($"perl -pe 1 /data/ssh/{file}");
        await SecretAsync("web", ("username", "bot"), ("password", "s3cret"));
        await SecretAsync("wrong", ("username", "bot"), ("password", "guessed"));
        await SecretAsync("key", ("ssh-privatekey", keys["user"]), ("known_hosts", $"[{server.Address}]:2222 {keys["host.pub"]}"));
        await SecretAsync("stranger", ("ssh-privatekey", keys["user"]), ("known_hosts", $"[{server.Address}]:2222 {keys["other.pub"]}"));
        await SecretAsync("wrong-key", ("ssh-privatekey", keys["other"]), ("known_hosts", $"[{server.Address}]:2222 {keys["host.pub"]}"));
        return server;
    }

    private Task<V1Secret> SecretAsync(string name, params (string Key, string Value)[] data) => cluster.Api.CoreV1.CreateNamespacedSecretAsync(
        new() { Metadata = new() { Name = name }, StringData = data.ToDictionary(d => d.Key, d => d.Value + "\n", StringComparer.Ordinal) }, space.Name);
}
