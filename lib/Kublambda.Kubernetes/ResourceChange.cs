using k8s;
using k8s.Models;

namespace Kublambda.Kubernetes;

/// <summary>What happened to an object.</summary>
public enum ChangeType
{
    Added,
    Modified,

    /// <summary>Gone; the object is its last known state.</summary>
    Deleted,

    /// <summary>Listed again, and the same as before.</summary>
    Resync,
}

/// <summary>One change, in the order in which the API server tells them.</summary>
/// <param name="Type">What happened.</param>
/// <param name="Object">As it is now; for <see cref="ChangeType.Deleted"/> as it was last.</param>
/// <param name="Old">As it was before, where it was known.</param>
public sealed record ResourceChange<T>(ChangeType Type, T Object, T? Old)
    where T : class, IKubernetesObject<V1ObjectMeta>;

/// <summary>Is told every change of a resource, one at a time. Must be quick and not block: put a key into a queue.</summary>
public interface IResourceHandler<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    void OnChange(ResourceChange<T> change);

    /// <summary>An object that is there could not be read as <typeparamref name="T"/>. Its last readable state stays in the cache.</summary>
    void OnMalformed(string? ns, string name, Exception error)
    {
    }
}

/// <summary>The objects of a resource as last seen. Reads never block and never ask the API server.</summary>
public interface IResourceCache<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>True once the first list is in.</summary>
    bool Synced { get; }
    T? Get(string? ns, string name);
    IReadOnlyCollection<T> List();
    Task WaitForSyncAsync(CancellationToken cancellationToken);
}
