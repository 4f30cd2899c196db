using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Threading.Channels;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.E2E.Tests.Cluster;

namespace Kublambda.E2E.Tests.Chaos;

/// <summary>
/// Makes, changes and deletes ConfigMaps at a steady pace, and knows of each what was done: <c>data.v</c> counts up for each
/// name, over deletions too. What the API server did not answer is looked up until it is known whether it was done.
/// </summary>
internal sealed class Changer(IKubernetes api, string ns, int objects, int perSecond)
{
    public const string Label = "chaos-watch";
    private const int Workers = 8;
    private int _done;

    /// <summary>Everything that happened, by name, in order.</summary>
    public ConcurrentDictionary<string, List<Change>> Ledger { get; } = new();

    public int Done => Volatile.Read(ref _done);

    public async Task RunAsync(int changes, int seed, CancellationToken cancellationToken)
    {
        // Bounded: no heap of changes that would all be made at once after an outage.
        var turns = Channel.CreateBounded<int>(1);
        var workers = Enumerable.Range(0, Workers).Select(w => WorkAsync(w, new Random(seed + w), turns.Reader, cancellationToken)).ToList();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / perSecond));
        for (var i = 0; i < changes && await timer.WaitForNextTickAsync(cancellationToken); i++)
            await turns.Writer.WriteAsync(i, cancellationToken);
        turns.Writer.Complete();
        await Task.WhenAll(workers);
    }

    private async Task WorkAsync(int worker, Random random, ChannelReader<int> turns, CancellationToken cancellationToken)
    {
        var mine = Enumerable.Range(0, objects).Where(i => i % Workers == worker).Select(i => string.Create(CultureInfo.InvariantCulture, $"c-{i:000}")).ToList();
        await foreach (var _ in turns.ReadAllAsync(cancellationToken))
        {
            var name = mine[random.Next(mine.Count)];
            var history = Ledger.GetOrAdd(name, _ => []);
            var change = Next(history, random);
            history.Add(change with { Uid = await InsistAsync(name, change, cancellationToken) });
            Interlocked.Increment(ref _done);
        }
    }

    private static Change Next(List<Change> history, Random random)
    {
        var version = history.Count == 0 ? 0 : history[^1].Version;
        if (history.Count == 0 || history[^1].What == "deleted")
            return new Change("added", version + 1, "");
        return random.Next(100) < 15 ? new Change("deleted", version, history[^1].Uid) : new Change("modified", version + 1, history[^1].Uid);
    }

    /// <returns>The uid of the object.</returns>
    private async Task<string> InsistAsync(string name, Change change, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await ApplyAsync(name, change, cancellationToken);
            }
            catch (Exception e) when (Eventually.IsPassing(e) || e is HttpOperationException)
            {
                await Task.Delay(200, cancellationToken);
            }

            if (await DoneAsync(name, change, cancellationToken) is { } uid)
                return uid;
        }
    }

    private async Task<string> ApplyAsync(string name, Change change, CancellationToken cancellationToken)
    {
        var version = change.Version.ToString(CultureInfo.InvariantCulture);
        switch (change.What)
        {
            case "added":
                var made = await api.CoreV1.CreateNamespacedConfigMapAsync(
                    new V1ConfigMap
                    {
                        Metadata = new() { Name = name, Labels = new Dictionary<string, string> { ["of"] = Label } },
                        Data = new Dictionary<string, string> { ["v"] = version },
                    },
                    ns, cancellationToken: cancellationToken);
                return made.Metadata.Uid;
            case "modified":
                var patched = await api.CoreV1.PatchNamespacedConfigMapAsync(
                    new V1Patch($$"""{"data":{"v":"{{version}}"} }""", V1Patch.PatchType.MergePatch), name, ns, cancellationToken: cancellationToken);
                return patched.Metadata.Uid;
            default:
                await api.CoreV1.DeleteNamespacedConfigMapAsync(name, ns, new V1DeleteOptions { Preconditions = new() { Uid = change.Uid } }, cancellationToken: cancellationToken);
                return change.Uid;
        }
    }

    /// <returns>The uid where the change has been made already, though its answer was lost.</returns>
    private async Task<string?> DoneAsync(string name, Change change, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var found = await api.CoreV1.ReadNamespacedConfigMapAsync(name, ns, cancellationToken: cancellationToken);
                return change.What != "deleted" && found.Data["v"] == change.Version.ToString(CultureInfo.InvariantCulture) ? found.Metadata.Uid : null;
            }
            catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
            {
                return change.What == "deleted" ? change.Uid : null;
            }
            catch (Exception e) when (Eventually.IsPassing(e) || e is HttpOperationException)
            {
                await Task.Delay(200, cancellationToken);
            }
        }
    }

    /// <summary>One change that was made.</summary>
    internal sealed record Change(string What, int Version, string Uid);
}
