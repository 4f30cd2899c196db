using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using k8s;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using Kublambda.Tests;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>Sources of every kind, from servers in the cluster.</summary>
public sealed class SourceTests(SourceTests.Space space) : IClassFixture<SourceTests.Space>
{
    [Fact]
    public async Task A_push_to_the_branch_becomes_a_new_revision_at_once_when_asked_for_and_soon_when_not()
    {
        var first = await space.Server.CommitAsync("follow", "index.js", "exports.handler = () => 'one';");
        var lambda = ALambda("follow").With(spec => spec with { Build = null, Source = new() { Git = new() { Url = space.Server.GitUrl, Revision = "follow" } } });
        var one = await space.ApplyUntilReadyAsync(lambda);
        await space.AnswersAsync(one, "one");

        var second = await space.Server.CommitAsync("follow", "index.js", "exports.handler = () => 'two';");
        Assert.NotEqual(first, second);
        Assert.Equal(first, one.Status!.Build!.Commit);
        await space.KubectlAsync("annotate", "lambda", "follow", $"{Labels.Fetch}=now");
        var two = await space.UntilAsync("follow", "Ready with the second commit", l => Seen.IsReady(l) && l.Status!.Revision != one.Status!.Revision);
        await space.AnswersAsync(two, "two");
        Assert.Equal(one.Metadata.Generation, two.Metadata.Generation);
        Assert.Contains(second, await space.KubectlAsync("describe", "lambda", "follow"), StringComparison.Ordinal);

        await space.Server.CommitAsync("follow", "index.js", "exports.handler = () => 'three';");
        var three = await space.UntilAsync("follow", "Ready with the third commit, unasked", l => Seen.IsReady(l) && l.Status!.Revision != two.Status!.Revision, seconds: 120);
        await space.AnswersAsync(three, "three");

        // Back to a content that was built before: by a commit, without a build.
        await space.ApplyAsync(lambda.With(spec => spec with { Source = new() { Git = new() { Url = space.Server.GitUrl, Revision = first } } }));
        var back = await space.UntilAsync("follow", "Ready with the first commit", l => Seen.IsReady(l) && l.Status!.Revision == one.Status!.Revision);
        Assert.Equal(one.Status!.Image, back.Status!.Image);
    }

    [Fact]
    public async Task The_same_files_by_another_road_are_the_same_revision()
    {
        const string code = "exports.handler = () => 'same';\n";
        var inline = await space.ApplyUntilReadyAsync(ALambda("roads").WithInline("index.js", code));
        var zip = await space.ApplyUntilReadyAsync(ALambda("roads").WithZip(Zip.Of(("index.js", code))));
        var tar = await space.ApplyUntilReadyAsync(ALambda("roads").WithZip(TarGz(code)));
        Assert.Equal((inline.Status!.Revision, inline.Status.Image), (zip.Status!.Revision, zip.Status.Image));
        Assert.Equal((inline.Status.Revision, inline.Status.Image), (tar.Status!.Revision, tar.Status.Image));
    }

    [Fact]
    public async Task An_archive_of_fifty_megabytes_becomes_a_function_and_a_wrong_digest_does_not()
    {
        await space.Server.CommitAsync("big", "index.js", "exports.handler = () => require('fs').statSync(__dirname + '/noise.bin').size;");
        var sha256 = await space.Server.PackAsync("big.tar.gz", 50_000_000);
        var lambda = ALambda("big").With(spec => spec with { Build = null, Source = new() { Archive = new() { Url = space.Server.FileUrl("big.tar.gz"), Sha256 = new string('0', 64) } } });
        await space.ApplyAsync(lambda);
        var wrong = await space.ConditionAsync("big", ConditionTypes.Built, ConditionStatus.False, Reasons.SourceChecksumMismatch);
        Assert.Contains(sha256, wrong.Message, StringComparison.Ordinal);

        var big = await space.ApplyUntilReadyAsync(lambda.With(spec => spec with { Source = new() { Archive = spec.Source.Archive! with { Sha256 = sha256 } } }));
        await space.AnswersAsync(big, "50000000");
    }

    [Fact]
    public async Task The_samples_of_git_and_archives_work_as_written_but_for_their_servers()
    {
        const string python = "def hello(request):\n    return \"Hello world!\"\n";
        await space.Server.ShellAsync("perl -e 'mkdir $_ for \"/data/work/examples\", \"/data/work/examples/cloud_run_http\", \"/data/work/package\"'");
        var commit = await space.Server.CommitAsync("sample", "examples/cloud_run_http/main.py", python);
        await SampleAsync("git", ("https://github.com/GoogleCloudPlatform/functions-framework-python.git", space.Server.GitUrl), ("revision: main", "revision: sample"));
        await space.Server.CommitAsync("package", "package/index.js", "exports.original = (req) => ({ pathname: new URL(req.url, 'http://x').pathname });");
        var sha256 = await space.Server.PackAsync("package.tgz", 1000);
        await SampleAsync("archive", ("https://registry.npmjs.org/parseurl/-/parseurl-1.3.3.tgz", space.Server.FileUrl("package.tgz")), ("56ef4bfa11e097ce8196b26fa04b42d6091c32498fcab4478e6dd298435f021a", sha256));

        var git = await space.ReadyAsync("from-git");
        Assert.Equal(commit, git.Status!.Build!.Commit);
        await space.AnswersAsync(git, "Hello world!");
        await space.AnswersAsync(await space.ReadyAsync("from-archive"), """{"pathname":"/a/b"}""", "/a/b?c=d");
    }

    [Fact]
    public async Task Each_fault_of_a_source_has_its_reason_and_says_what_to_do()
    {
        await space.Server.CommitAsync("main", "index.js", "exports.handler = () => 'x';");
        var git = space.Server.GitUrl;
        var faults = new Dictionary<string, (SourceSpec Source, string Reason, string Words)>
        {
            ["no-branch"] = (new() { Git = new() { Url = git, Revision = "nope" } }, Reasons.SourceNotFound, "no branch or tag \"nope\""),
            ["no-commit"] = (new() { Git = new() { Url = git, Revision = new string('a', 40) } }, Reasons.SourceNotFound, "is no commit of"),
            ["no-repository"] = (new() { Git = new() { Url = git.Replace("app.git", "nope.git", StringComparison.Ordinal) } }, Reasons.SourceNotFound, "no git repository at"),
            ["no-directory"] = (new() { Git = new() { Url = git, SubPath = "nope" } }, Reasons.SourceNotFound, "no directory \"nope\""),
            ["no-secret"] = (new() { Git = new() { Url = "https://git.example.com/app.git", SecretRef = new() { Name = "nope" } } }, Reasons.SourceNotFound, "The Secret \"nope\""),
            ["no-file"] = (new() { Archive = new() { Url = space.Server.FileUrl("nope.zip"), Sha256 = new string('a', 64) } }, Reasons.SourceNotFound, "nothing at"),
            ["no-host"] = (new() { Git = new() { Url = "https://no-such-host.invalid/app.git" } }, Reasons.SourceUnavailable, "not known to the name server"),
            ["metadata"] = (new() { Archive = new() { Url = "http://169.254.169.254/latest/meta-data", Sha256 = new string('a', 64) } }, Reasons.SourceAddressForbidden, "a link-local address"),
            ["loopback"] = (new() { Git = new() { Url = "http://localhost:8080/app.git" } }, Reasons.SourceAddressForbidden, "a loopback address"),
            ["api-server"] = (new() { Archive = new() { Url = "https://kubernetes.default.svc/api", Sha256 = new string('a', 64) } }, Reasons.SourceAddressForbidden, "the API server's address"),
            ["api-node"] = (new() { Archive = new() { Url = "https://10.244.0.1:6443/api", Sha256 = new string('a', 64) } }, Reasons.SourceAddressForbidden, "the API server's address"),
            ["service"] = (new() { Archive = new() { Url = "http://registry.kublambda-system.svc:5000/v2/", Sha256 = new string('a', 64) } }, Reasons.SourceAddressForbidden, "a private address"),
        };
        await space.ApplyAsync(faults.Select(f => ALambda(f.Key).With(spec => spec with { Source = f.Value.Source })));
        foreach (var (name, (_, reason, words)) in faults)
        {
            var built = await space.ConditionAsync(name, ConditionTypes.Built, ConditionStatus.False, reason);
            Assert.Contains(words, built.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_ready_image_runs_by_its_digest_and_nothing_is_built()
    {
        var built = await space.ApplyUntilReadyAsync(ALambdaThatSays("maker", "ready made"));
        var image = built.Status!.Image!;
        var tag = $"{image[..image.IndexOf('@', StringComparison.Ordinal)]}:{built.Status.Revision}";
        // The image of a function is one that listens on $PORT; it wants to be told which function, which the handler does.
        var ready = await space.ApplyUntilReadyAsync(ALambda("ready-made").With(spec => spec with
        {
            Runtime = Runtimes.Image,
            Build = null,
            Source = new() { Image = new() { Reference = tag } },
        }));
        await space.AnswersAsync(ready, "ready made");
        Assert.Equal(image, ready.Status!.Image);
        Assert.Empty(await space.BuildPodsAsync(ready));

        await space.ApplyAsync(ALambda("not-made").With(spec => spec with { Runtime = Runtimes.Image, Build = null, Source = new() { Image = new() { Reference = $"{tag}-nope" } } }));
        await space.ConditionAsync("not-made", ConditionTypes.Built, ConditionStatus.False, Reasons.SourceNotFound);
    }

    private async Task SampleAsync(string name, params (string From, string To)[] changes)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Checkout.Root(), "deploy", "samples", name, "lambda.yaml"), TestContext.Current.CancellationToken);
        foreach (var (from, to) in changes)
        {
            Assert.Contains(from, text, StringComparison.Ordinal);
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        await space.KubectlAsync("apply", "-f", file);
        File.Delete(file);
    }

    private static byte[] TarGz(string code)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true))
        using (var tar = new TarWriter(gzip))
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "index.js") { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(code)) });
        return stream.ToArray();
    }

    /// <summary>A namespace with a server for sources.</summary>
    public sealed class Space(TestCluster cluster) : LambdaSpace(cluster), IAsyncLifetime
    {
        public SourceServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Name = await Cluster.CreateNamespaceAsync("source");
            Server = await SourceServer.StartAsync(this);
        }

        public async ValueTask DisposeAsync()
        {
            if (Name.Length > 0)
                await Cluster.Api.CoreV1.DeleteNamespaceAsync(Name);
        }
    }
}
