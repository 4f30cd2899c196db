using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Deployer.Rendering;

/// <summary>
/// Who has a host and path first. Two Ingresses with the same rule are both taken by the API server, and what they lead to is up to
/// the ingress controller: so the older one keeps it, in whatever namespace, and the other Lambda says whose it is.
/// </summary>
internal static class RouteClaims
{
    /// <param name="lambda">Whose routes are looked at.</param>
    /// <param name="routes">All its routes.</param>
    /// <param name="ingresses">Those of all Lambdas.</param>
    /// <returns>Routes that belong to another Lambda, by the name of the trigger, with that Lambda as <c>namespace/name</c>.</returns>
    public static IReadOnlyDictionary<string, string> Taken(LambdaRef lambda, IReadOnlyList<HttpRoute> routes, IEnumerable<V1Ingress> ingresses)
    {
        var exposed = routes.Where(route => route.Exposure == Exposures.Ingress).ToList();
        var taken = new Dictionary<string, string>(StringComparer.Ordinal);
        if (exposed.Count == 0)
            return taken;
        var all = ingresses.ToList();
        var own = all.Find(ingress => IsOf(ingress, lambda.Uid));
        foreach (var other in all.Where(ingress => !IsOf(ingress, lambda.Uid) && ingress.Metadata.DeletionTimestamp is null && IsOlder(ingress, own)))
        {
            foreach (var route in exposed.Where(route => Has(other, route)))
                taken.TryAdd(route.Trigger, $"{other.Metadata.NamespaceProperty}/{other.Metadata.Labels[Labels.Lambda]}");
        }

        return taken;
    }

    /// <summary>One that is not made yet is the youngest of all.</summary>
    private static bool IsOlder(V1Ingress other, V1Ingress? own) =>
        own is null
        || (other.Metadata.CreationTimestamp, other.Metadata.Uid) is var (made, uid) && (made < own.Metadata.CreationTimestamp
            || (made == own.Metadata.CreationTimestamp && string.CompareOrdinal(uid, own.Metadata.Uid) < 0));

    private static bool Has(V1Ingress ingress, HttpRoute route) =>
        ingress.Spec?.Rules?.Any(rule =>
            string.Equals(rule.Host ?? "", route.Host ?? "", StringComparison.OrdinalIgnoreCase)
            && rule.Http?.Paths?.Any(path => (path.Path ?? "/") == route.Path) == true) == true;

    private static bool IsOf(V1Ingress ingress, string uid) =>
        ingress.Metadata.Labels?.TryGetValue(Labels.LambdaUid, out var owner) == true && owner == uid;
}
