using System.Collections.Concurrent;
using k8s.Models;
using Kublambda.Contracts;

namespace Kublambda.Builder.Watching;

/// <summary>Which ConfigMap each Lambda's source was last read from, and at which version.</summary>
public sealed class ConfigMapsSeen
{
    /// <summary>Of more than these the controller's repeated question tells, later.</summary>
    private const int Most = 5000;
    private readonly ConcurrentDictionary<LambdaRef, SeenConfigMap> _seen = new();

    /// <param name="lambda">Whose source it is.</param>
    /// <param name="name">The ConfigMap that it names; null where it names none.</param>
    /// <param name="map">As it was read; null where there is none.</param>
    public void Note(LambdaRef lambda, string? name, V1ConfigMap? map)
    {
        if (name is null)
            Forget(lambda);
        else if (_seen.Count < Most || _seen.ContainsKey(lambda))
            _seen[lambda] = new SeenConfigMap(lambda.Namespace, name, map?.ResourceVersion());
    }

    public void Forget(LambdaRef lambda) => _seen.TryRemove(lambda, out _);

    public IReadOnlyList<KeyValuePair<LambdaRef, SeenConfigMap>> List() => [.. _seen];
}

/// <param name="Namespace">Where it is.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its <c>resourceVersion</c>; null where it was not there.</param>
public sealed record SeenConfigMap(string Namespace, string Name, string? Version);
