using System.Collections.Concurrent;
using k8s;
using k8s.Models;

namespace Kublambda.Kubernetes.ClusterTests;

/// <summary>Notes what a handler is told, as <c>Type:name</c>.</summary>
internal sealed class Recorder<T> : IResourceHandler<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly ConcurrentQueue<string> _told = new();

    public IReadOnlyCollection<string> Told => _told;

    public void OnChange(ResourceChange<T> change) => _told.Enqueue($"{change.Type}:{change.Object.Metadata.Name}");

    public void OnMalformed(string? ns, string name, Exception error) => _told.Enqueue($"Malformed:{name}");
}
