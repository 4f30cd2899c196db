using System.Reflection;
using k8s.Models;

namespace Kublambda.Kubernetes;

/// <summary>Which objects: a resource of the API, everywhere or in one namespace, all or those that selectors match.</summary>
/// <param name="Group">API group; empty for the core group.</param>
/// <param name="Version">For example <c>v1</c>.</param>
/// <param name="Plural">The resource as it stands in URLs, for example <c>pods</c>.</param>
public sealed record ResourceQuery(string Group, string Version, string Plural)
{
    /// <summary>Null: all namespaces, or a cluster-scoped resource.</summary>
    public string? Namespace { get; init; }
    public string? LabelSelector { get; init; }
    public string? FieldSelector { get; init; }

    /// <summary>Where the collection lives, relative to the API server's address.</summary>
    public string CollectionPath
    {
        get
        {
            var root = Group.Length == 0 ? $"api/{Version}" : $"apis/{Group}/{Version}";
            return Namespace is null ? $"{root}/{Plural}" : $"{root}/namespaces/{Uri.EscapeDataString(Namespace)}/{Plural}";
        }
    }

    /// <summary>Where one object lives.</summary>
    public string ObjectPath(string name) => $"{CollectionPath}/{Uri.EscapeDataString(name)}";

    /// <summary>
    /// The query for a type of KubernetesClient, from its <see cref="KubernetesEntityAttribute"/>.
    /// </summary>
    /// <exception cref="ArgumentException">The type has no such attribute.</exception>
    public static ResourceQuery For<T>() => For(typeof(T));

    internal static ResourceQuery For(Type type)
    {
        var entity = type.GetCustomAttribute<KubernetesEntityAttribute>()
            ?? throw new ArgumentException($"{type} does not say its resource: hand in a ResourceQuery.", nameof(type));
        return new ResourceQuery(entity.Group, entity.ApiVersion, entity.PluralName);
    }

    public override string ToString() => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}
