using Kublambda.Builder.Tests.Remote;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.ClusterTests;

/// <summary>Sources from a git server, built on the real cluster.</summary>
public sealed class RemoteSourceTests(Cluster cluster) : BuildScenario(cluster)
{
    private static readonly (string, string)[] Settings = [("Fetch:AllowedPrivate", "127.0.0.1")];

    [Fact]
    public async Task A_moved_branch_becomes_a_new_image_and_one_that_moved_back_takes_the_old_one()
    {
        await using var server = await GitServer.StartAsync();
        var first = await server.CommitAsync("main", ("index.js", "exports.handler = () => 1"));
        var builder = await StartAsync(Settings);
        var lambda = ALambda("follows", spec => spec with { Build = new() { Pipeline = "append" }, Source = new() { Git = new() { Url = server.Url, Revision = "main" } } });
        await builder.ChangedAsync(lambda);
        var one = await builder.SaysAsync<LambdaBuilt>(lambda);
        Assert.Equal(first, one.Commit);

        await server.CommitAsync("main", ("index.js", "exports.handler = () => 2"));
        await builder.ChangedAsync(lambda);
        var two = await builder.SaysAsync<LambdaBuilt>(lambda, b => b.Revision != one.Revision);
        Assert.NotEqual(one.Image, two.Image);

        builder.Said.Clear();
        await server.GitAsync(null, null, "update-ref", "refs/heads/main", first);
        await builder.ChangedAsync(lambda);
        var back = await builder.SaysAsync<LambdaBuilt>(lambda);
        Assert.Equal((one.Revision, one.Image), (back.Revision, back.Image));
        Assert.DoesNotContain(builder.Said, m => m is BuildStarted);
    }

    [Fact]
    public async Task A_message_never_waits_for_a_server_and_a_server_that_comes_back_is_used_without_another_word()
    {
        await using var server = await GitServer.StartAsync();
        await server.CommitAsync("main", ("index.js", "exports.handler = () => 1"));
        server.Hang = true;
        var builder = await StartAsync([.. Settings, ("Fetch:Timeout", "00:00:02")]);
        var lambda = ALambda("waits", spec => spec with { Build = new() { Pipeline = "append" }, Source = new() { Git = new() { Url = server.Url } } });
        var watch = System.Diagnostics.Stopwatch.StartNew();
        await builder.ChangedAsync(lambda);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"the message was held for {watch.Elapsed}");
        var failed = await builder.SaysAsync<BuildFailed>(lambda);
        Assert.Equal((Reasons.SourceUnavailable, false), (failed.Reason, failed.Final));

        server.Hang = false;
        await builder.ChangedAsync(lambda);
        await builder.SaysAsync<LambdaBuilt>(lambda);
    }

    [Fact]
    public async Task Servers_of_one_namespace_that_never_answer_hold_up_no_other_namespace()
    {
        await using var hanging = await GitServer.StartAsync();
        hanging.Hang = true;
        await using var server = await GitServer.StartAsync();
        await server.CommitAsync("main", ("index.js", "exports.handler = () => 1"));
        var builder = await StartAsync([.. Settings, ("Fetch:IdleTimeout", "00:05:00")]);
        LambdaSpec From(LambdaSpec spec, string url) => spec with { Build = new() { Pipeline = "append" }, Source = new() { Git = new() { Url = url } } };
        foreach (var i in Enumerable.Range(0, 8))
            await builder.ChangedAsync(ALambda($"hangs{i}", spec => From(spec, hanging.Url), ns: "crowd"));
        await Cluster.EventuallyAsync(() => Task.FromResult(hanging.Asked.Count == 2), "two of them are fetched");
        var lambda = ALambda("quiet", spec => From(spec, server.Url));
        var asked = DateTimeOffset.UtcNow;
        await builder.ChangedAsync(lambda);
        var built = await builder.SaysAsync<LambdaBuilt>(lambda);
        TestContext.Current.TestOutputHelper?.WriteLine($"built {builder.SaidAt[built] - asked} after it was asked for, while eight others hang");
        Assert.DoesNotContain(builder.Said, m => m is BuildFailed);
        Assert.Equal(2, hanging.Asked.Count);
    }

    [Fact]
    public async Task A_ready_image_is_said_by_its_digest_and_nothing_is_built()
    {
        var builder = await StartAsync(Settings);
        var lambda = ALambda("ready", spec => spec with { Runtime = Runtimes.Image, Source = new() { Image = new() { Reference = Cluster.BaseImage } } });
        await builder.ChangedAsync(lambda);
        var built = await builder.SaysAsync<LambdaBuilt>(lambda);
        var digest = (await Cluster.Registry.HeadManifestAsync("base", "1", Stop))!.Digest;
        Assert.Equal($"{Cluster.RegistryHost}/base@{digest}", built.Image);
        Assert.Empty(await builder.PodsAsync());

        var missing = ALambda("missing", spec => spec with { Runtime = Runtimes.Image, Source = new() { Image = new() { Reference = $"{Cluster.RegistryHost}/base:none" } } });
        await builder.ChangedAsync(missing);
        Assert.Equal(Reasons.SourceNotFound, (await builder.SaysAsync<BuildFailed>(missing)).Reason);
        var inside = ALambda("inside", spec => spec with { Runtime = Runtimes.Image, Source = new() { Image = new() { Reference = "169.254.169.254/latest:1" } } });
        await builder.ChangedAsync(inside);
        Assert.Equal(Reasons.SourceAddressForbidden, (await builder.SaysAsync<BuildFailed>(inside)).Reason);
    }
}
