using System.Collections.Concurrent;
using k8s;
using k8s.Models;

namespace Kublambda.Kubernetes;

/// <summary>The objects of one resource, and what changes when a list or an event comes in. One writer, many readers.</summary>
internal sealed class ResourceStore<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly ConcurrentDictionary<(string Namespace, string Name), T> _objects = new();

    public int Count => _objects.Count;

    public T? Get(string? ns, string name) => _objects.GetValueOrDefault((ns ?? "", name));

    public IReadOnlyCollection<T> List() => [.. _objects.Values];

    /// <summary>Everything there is: what is not listed is gone, except what could not be read.</summary>
    public IEnumerable<ResourceChange<T>> Replace(IReadOnlyCollection<T> listed, IReadOnlySet<(string Namespace, string Name)> unreadable)
    {
        var present = listed.Select(KeyOf).ToHashSet();
        foreach (var (key, old) in _objects)
        {
            if (!present.Contains(key) && !unreadable.Contains(key) && _objects.TryRemove(key, out _))
                yield return new ResourceChange<T>(ChangeType.Deleted, old, old);
        }

        foreach (var change in listed.SelectMany(item => Set(item, sameIsResync: true)))
            yield return change;
    }

    /// <summary>An object that was added or modified.</summary>
    public IEnumerable<ResourceChange<T>> Set(T item) => Set(item, sameIsResync: false);

    /// <summary>An object that is gone; <paramref name="last"/> is its final state, where that can be read.</summary>
    public IEnumerable<ResourceChange<T>> Remove(string? ns, string name, T? last)
    {
        _objects.TryRemove((ns ?? "", name), out var old);
        if ((last ?? old) is { } item)
            yield return new ResourceChange<T>(ChangeType.Deleted, item, old);
    }

    private IEnumerable<ResourceChange<T>> Set(T item, bool sameIsResync)
    {
        var key = KeyOf(item);
        var old = _objects.GetValueOrDefault(key);
        _objects[key] = item;
        if (old is null)
        {
            yield return new ResourceChange<T>(ChangeType.Added, item, null);
        }
        else if (old.Metadata.Uid != item.Metadata.Uid)
        {
            // Deleted and made again under the same name while nobody looked: two objects, not one change.
            yield return new ResourceChange<T>(ChangeType.Deleted, old, old);
            yield return new ResourceChange<T>(ChangeType.Added, item, null);
        }
        else if (old.Metadata.ResourceVersion != item.Metadata.ResourceVersion)
        {
            yield return new ResourceChange<T>(ChangeType.Modified, item, old);
        }
        else if (sameIsResync)
        {
            yield return new ResourceChange<T>(ChangeType.Resync, item, old);
        }
    }

    private static (string Namespace, string Name) KeyOf(T item) => (item.Metadata.NamespaceProperty ?? "", item.Metadata.Name);
}
