using System.Collections.Concurrent;
using k8s;
using k8s.Models;

namespace Kublambda.Deployer.Applying;

/// <summary>
/// Bounds a fight with another controller that changes an object again whenever it is put right: each round may be a
/// rollout. Hand edits stay far below the bound.
/// </summary>
internal sealed class RepairLimit(TimeProvider time)
{
    public const int MostPerWindow = 10;
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);
    private readonly ConcurrentDictionary<string, Queue<DateTimeOffset>> _repairs = new();

    /// <summary>Takes note of a repair of the object.</summary>
    /// <returns>False where it has had enough of them for now.</returns>
    public bool TryTake(IKubernetesObject<V1ObjectMeta> item)
    {
        var now = time.GetUtcNow();
        var recent = _repairs.GetOrAdd($"{item.Kind}/{item.Metadata.NamespaceProperty}/{item.Metadata.Name}", _ => new());
        lock (recent)
        {
            while (recent.TryPeek(out var oldest) && now - oldest >= Window)
                recent.Dequeue();
            if (recent.Count >= MostPerWindow)
                return false;
            recent.Enqueue(now);
            return true;
        }
    }
}
