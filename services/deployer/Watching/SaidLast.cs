using System.Collections.Concurrent;
using System.Text.Json;
using Kublambda.Contracts.Messages;

namespace Kublambda.Deployer.Watching;

/// <summary>
/// What this process last said about each Lambda, and last rendered for it. Lost with the process, which only means that
/// everything is said once more.
/// </summary>
internal sealed class SaidLast
{
    private readonly ConcurrentDictionary<LambdaKey, Entry> _entries = new();

    public Workload? Rendered(LambdaKey key, string uid) =>
        _entries.TryGetValue(key, out var entry) && entry.Workload.Lambda.Uid == uid ? entry.Workload : null;

    public bool IsNews(LambdaKey key, DeploymentObserved observed, DateTimeOffset now, TimeSpan repeatAfter) =>
        !_entries.TryGetValue(key, out var entry) || now - entry.At >= repeatAfter || entry.Said != JsonSerializer.Serialize(observed);

    public void Remember(LambdaKey key, Workload workload, DeploymentObserved observed, DateTimeOffset now) =>
        _entries[key] = new Entry(workload, JsonSerializer.Serialize(observed), now);

    public void Forget(LambdaKey key) => _entries.TryRemove(key, out _);

    private sealed record Entry(Workload Workload, string Said, DateTimeOffset At);
}
