using System.Text;
using k8s.Models;
using Kublambda.Builder.Remote;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Microsoft.AspNetCore.Http;

namespace Kublambda.Builder.Tests.Remote;

/// <summary>git itself, against a real git server.</summary>
[Collection("makes directories of git")]
public sealed class GitFetcherTests : IAsyncLifetime, IDisposable
{
    private readonly RemoteFixture _remote = new();
    private GitServer _server = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await GitServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Dispose();
    }

    public void Dispose() => _remote.Dispose();

    [Fact]
    public async Task A_branch_a_tag_and_HEAD_stand_at_a_commit_and_a_commit_at_itself()
    {
        var first = await _server.CommitAsync("main", ("index.js", "one"));
        await _server.GitAsync(null, null, "tag", "v1", first);
        await _server.GitAsync(null, null, "-c", "user.name=T", "-c", "user.email=t@example.com", "tag", "-a", "-m", "x", "v1-annotated", first);
        var second = await _server.CommitAsync("main", ("index.js", "two"));
        var feature = await _server.CommitAsync("feature/x", ("index.js", "three"));
        // Names that end alike, which ls-remote matches too.
        await _server.CommitAsync("other/main", ("index.js", "four"));

        Assert.Equal(second, await ResolveAsync(null));
        Assert.Equal(second, await ResolveAsync("main"));
        Assert.Equal(feature, await ResolveAsync("feature/x"));
        Assert.Equal(first, await ResolveAsync("v1"));
        Assert.Equal(first, await ResolveAsync("v1-annotated"));
        Assert.Equal(first, await ResolveAsync(first));
    }

    [Fact]
    public async Task A_commit_that_no_branch_points_to_any_more_is_fetched()
    {
        var first = await _server.CommitAsync("main", ("index.js", "one"));
        await _server.CommitAsync("main", ("index.js", "two"));
        using var bundle = await BundleAsync(first);
        using var same = await BundleOf("one");
        Assert.Equal(same.ContentDigest, bundle.ContentDigest);
    }

    [Fact]
    public async Task The_same_files_inline_and_from_git_are_the_same_source()
    {
        var commit = await _server.CommitAsync("main", ("index.js", "code"), (".gitattributes", "index.js export-subst text eol=crlf\n"));
        using var git = await BundleAsync(commit);
        Assert.Equal([".gitattributes", "index.js"], git.Paths);
    }

    [Fact]
    public async Task A_sub_directory_is_a_source_and_one_that_is_not_there_is_said()
    {
        var commit = await _server.CommitAsync("main", ("README.md", "x"), ("fn/index.js", "code"), ("fn-other/index.js", "x"));
        using var bundle = await BundleAsync(commit, "fn/");
        Assert.Equal(["index.js"], bundle.Paths);
        Assert.Contains("no directory \"nope\"", (await ThrowsAsync<SourceNotFoundException>(() => BundleAsync(commit, "nope"))).Message, StringComparison.Ordinal);
        Assert.Contains("no directory", (await ThrowsAsync<SourceNotFoundException>(() => BundleAsync(commit, "README.md"))).Message, StringComparison.Ordinal);
        Assert.Contains("leads upwards", (await ThrowsAsync<SourceRefusedException>(() => BundleAsync(commit, "../x"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nope", "no branch or tag \"nope\"")]
    [InlineData("ma*", "no branch or tag")]
    [InlineData("--upload-pack=x", "no branch or tag")]
    [InlineData("abc1234", "40 digits")]
    public async Task A_revision_that_is_not_there_is_said(string revision, string because)
    {
        await _server.CommitAsync("main", ("index.js", "x"));
        Assert.Contains(because, (await ThrowsAsync<SourceNotFoundException>(() => ResolveAsync(revision))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_commit_and_a_repository_that_are_not_there_are_said()
    {
        var commit = await _server.CommitAsync("main", ("index.js", "x"));
        var none = new string('a', 40);
        Assert.Contains("is no commit of", (await ThrowsAsync<SourceNotFoundException>(() => BundleAsync(none))).Message, StringComparison.Ordinal);
        var source = new GitSource { Url = _server.Url.Replace("app.git", "none.git", StringComparison.Ordinal) };
        Assert.Contains("no git repository at", (await ThrowsAsync<SourceNotFoundException>(() => _remote.Git.ResolveAsync(source, null, Stop))).Message, StringComparison.Ordinal);
        Assert.Contains("no git repository at", (await ThrowsAsync<SourceNotFoundException>(() => _remote.Git.BundleAsync(source, null, commit, Stop))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_repository_is_said() =>
        Assert.Contains("has no HEAD", (await ThrowsAsync<SourceNotFoundException>(() => ResolveAsync(null))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("120000:out", "/etc/passwd", "absolute path")]
    [InlineData("120000:lib/out", "../../x", "out of the source")]
    [InlineData("160000:theirs", "", "submodules are not fetched")]
    [InlineData("160000:--upload-pack=touch pwned", "", "submodules are not fetched")]
    [InlineData("model.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "a pointer of Git LFS")]
    public async Task A_link_that_leads_out_and_a_submodule_are_refused(string path, string content, string because)
    {
        var commit = await _server.CommitAsync("main", ("index.js", "x"), (path, content), (".gitmodules", "[submodule \"theirs\"]\n\tpath = theirs\n\turl = file:///etc\n"));
        Assert.Contains(because, (await ThrowsAsync<SourceRefusedException>(() => BundleAsync(commit))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_checkout_would_run_or_change_is_data()
    {
        var mark = Path.Combine(Path.GetTempPath(), $"kublambda-pwned-{Guid.NewGuid():N}");
        var commit = await _server.CommitAsync(
            "main", ("index.js", "exports.handler = () => '$Id$';\n"), (".gitattributes", "* filter=evil diff=evil merge=evil\nindex.js ident\n"),
            (".gitmodules", $"[submodule \"-c\"]\n\tpath = --upload-pack=x\n\turl = ext::sh -c touch% {mark}\n\tupdate = !touch {mark}\n"),
            (".gitconfig", $"[filter \"evil\"]\n\tsmudge = touch {mark}\n"), ("hooks/post-checkout", $"#!/bin/sh\ntouch {mark}\n"), (".lfsconfig", "[lfs]\n\turl = file:///etc\n"));
        using var bundle = await BundleAsync(commit);
        Assert.Equal([".gitattributes", ".gitconfig", ".gitmodules", ".lfsconfig", "hooks/post-checkout", "index.js"], bundle.Paths);
        Assert.False(File.Exists(mark));
    }

    [Theory]
    [InlineData("http://0177.0.0.1/app.git")]
    [InlineData("http://2130706433/app.git")]
    [InlineData("http://0x7f.1/app.git")]
    [InlineData("http://127.1/app.git")]
    [InlineData("http://[::ffff:127.0.0.1]/app.git")]
    [InlineData("http://[::ffff:7f00:1]/app.git")]
    [InlineData("https://169.254.169.254/app.git")]
    public async Task An_address_in_disguise_is_seen_through(string url)
    {
        using var strict = new RemoteFixture(allowed: "");
        var refused = await ThrowsAsync<SourceRefusedException>(() => strict.Git.ResolveAsync(new GitSource { Url = url }, null, Stop));
        Assert.Equal(Reasons.SourceAddressForbidden, refused.Reason);
    }

    [Fact]
    public async Task A_tree_with_a_step_upwards_is_refused()
    {
        var blob = await _server.GitAsync(null, input: "evil", "hash-object", "-w", "--stdin");
        var id = Convert.FromHexString(blob);
        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, [.. "100644 ../evil.js\0"u8, .. id], Stop);
        var tree = await _server.GitAsync(null, null, "hash-object", "-t", "tree", "--literally", "-w", file);
        File.Delete(file);
        var commit = await _server.CommitTreeAsync("main", tree);
        var refused = await Assert.ThrowsAnyAsync<Exception>(async () => (await BundleAsync(commit)).Dispose());
        Assert.True(refused is SourceRefusedException or SourceUnavailableException, refused.ToString());
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await _server.CommitAsync("main", ("index.js", "x"));
        _server.Intercept = c => Redirect(c, "http://169.254.169.254/app.git/info/refs?service=git-upload-pack");
        Assert.Contains("redirects", (await ThrowsAsync<SourceRefusedException>(() => ResolveAsync(null))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_is_not_allowed_is_never_connected_to()
    {
        await _server.CommitAsync("main", ("index.js", "x"));
        using var strict = new RemoteFixture(allowed: "");
        foreach (var url in new[] { _server.Url, _server.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal) })
        {
            var refused = await ThrowsAsync<SourceRefusedException>(() => strict.Git.ResolveAsync(new GitSource { Url = url }, null, Stop));
            Assert.Equal(Reasons.SourceAddressForbidden, refused.Reason);
        }

        Assert.Empty(_server.Asked);
    }

    [Fact]
    public async Task A_name_is_connected_to_at_the_address_that_was_checked()
    {
        var commit = await _server.CommitAsync("main", ("index.js", "x"));
        Assert.Equal(commit, await _remote.Git.ResolveAsync(new GitSource { Url = _server.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal) }, null, Stop));
    }

    [Fact]
    public async Task Credentials_are_wanted_and_wrong_ones_are_said_and_never_shown()
    {
        await _server.CommitAsync("main", ("index.js", "x"));
        _server.Intercept = Guarded;
        var unauthorized = await ThrowsAsync<SourceUnavailableException>(() => ResolveAsync(null));
        Assert.Equal(Reasons.SourceUnauthorized, unauthorized.Reason);
        Assert.Contains("secretRef", unauthorized.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_Secret_is_sent_over_https_only_and_has_to_have_its_keys()
    {
        var secret = new V1Secret { Metadata = new() { Name = "token" }, Data = new Dictionary<string, byte[]> { ["password"] = "s3cret"u8.ToArray() } };
        var credentials = GitCredentials.Of(secret, GitSourceUrl.Parse("https://git.example.com/app.git"));
        Assert.Equal("Basic " + Convert.ToBase64String("git:s3cret"u8), credentials.Basic);
        Assert.Contains("plain http", Assert.Throws<SourceRefusedException>(() => GitCredentials.Of(secret, GitSourceUrl.Parse("http://git.example.com/app.git"))).Message, StringComparison.Ordinal);
        Assert.Contains("ssh-privatekey", Assert.Throws<SourceNotFoundException>(() => GitCredentials.Of(secret, GitSourceUrl.Parse("ssh://git@git.example.com/app.git"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_secret_is_in_an_argument_and_nothing_of_the_builder_in_the_environment()
    {
        var url = GitSourceUrl.Parse("https://git.example.com/app.git");
        var environment = GitEnvironment.For("/tmp/home", url, [System.Net.IPAddress.Parse("93.184.216.34")], new GitCredentials("me", "s3cret", null, null), null, null);
        var header = $"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes("me:s3cret"))}";
        Assert.Contains(environment, v => v.Value == header);
        Assert.DoesNotContain(GitEnvironment.Bounds, a => a.Contains("s3cret", StringComparison.Ordinal));
        Assert.Equal("https", environment["GIT_ALLOW_PROTOCOL"]);
        Assert.Contains("git.example.com:443:93.184.216.34", environment.Values);
        Assert.DoesNotContain(environment.Keys, k => k.StartsWith("RabbitMq", StringComparison.OrdinalIgnoreCase) || k.StartsWith("DOTNET", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_repository_over_the_limit_is_ended_while_it_is_fetched()
    {
        var noise = new byte[20_000_000];
        new Random(1).NextBytes(noise);
        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, noise, Stop);
        var blob = await _server.GitAsync(null, null, "hash-object", "-w", file);
        File.Delete(file);
        await _server.CommitTreeAsync("main", await _server.GitAsync(null, input: $"100644 blob {blob}\tnoise\n", "mktree"));
        using var home = new GitHome();
        var environment = GitEnvironment.For(home.Path, GitSourceUrl.Parse(_server.Url), null, null, null, null);
        var git = new GitProcess(home.Path, limit: 2_000_000);
        var refused = await ThrowsAsync<SourceRefusedException>(() => git.RunAsync(environment, ["clone", "--quiet", "--bare", "--", _server.Url, "copy"], Stop));
        Assert.Contains("is larger than", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_never_answers_is_ended_with_everything_that_git_started()
    {
        await _server.CommitAsync("main", ("index.js", "x"));
        _server.Hang = true;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        stop.CancelAfter(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _remote.Git.ResolveAsync(new GitSource { Url = _server.Url }, null, stop.Token));
        Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), $"kublambda-git-{Environment.ProcessId}-*"));
    }

    [Fact]
    public async Task A_server_that_hangs_is_given_up_whether_it_is_asked_for_a_branch_or_for_a_commit()
    {
        var commit = await _server.CommitAsync("main", ("index.js", "x"));
        _server.Hang = true;
        using var hasty = new RemoteFixture(options: new FetchOptions { CaFile = "/nonexistent", IdleTimeout = TimeSpan.FromSeconds(0.4) });
        var source = new GitSource { Url = _server.Url };
        Assert.Contains("Fetch__IdleTimeout", (await ThrowsAsync<SourceUnavailableException>(() => hasty.Git.ResolveAsync(source, null, Stop))).Message, StringComparison.Ordinal);
        Assert.Contains("Fetch__IdleTimeout", (await ThrowsAsync<SourceUnavailableException>(() => hasty.Git.BundleAsync(source, null, commit, Stop))).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), $"kublambda-git-{Environment.ProcessId}-*"));
    }

    [Fact]
    public async Task Nothing_is_left_in_the_temporary_directory()
    {
        var commit = await _server.CommitAsync("main", ("index.js", "x"));
        (await BundleAsync(commit)).Dispose();
        await ThrowsAsync<SourceNotFoundException>(() => BundleAsync(new string('b', 40)));
        Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), $"kublambda-git-{Environment.ProcessId}-*"));
    }

    private Task<string> ResolveAsync(string? revision) => _remote.Git.ResolveAsync(new GitSource { Url = _server.Url, Revision = revision }, null, Stop);

    private Task<Bundle> BundleAsync(string commit, string? subPath = null) =>
        _remote.Git.BundleAsync(new GitSource { Url = _server.Url, SubPath = subPath }, null, commit, Stop);

    private static Task<Bundle> BundleOf(string code) => SourceBundler.Create(
        new LambdaSpec { Runtime = Runtimes.Nodejs, Source = new() { Inline = new() { Files = new Dictionary<string, string> { ["index.js"] = code } } } }, null, Stop);

    private static async Task<T> ThrowsAsync<T>(Func<Task> call)
        where T : Exception => await Assert.ThrowsAsync<T>(call);

    private static bool Guarded(HttpContext context)
    {
        context.Response.StatusCode = 401;
        context.Response.Headers.WWWAuthenticate = "Basic realm=git";
        return true;
    }

    private static bool Redirect(HttpContext context, string to)
    {
        context.Response.Redirect(to);
        return true;
    }
}
