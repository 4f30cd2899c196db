using k8s.Models;
using Kublambda.Contracts.Resources;

namespace Kublambda.Deployer.Rendering;

/// <summary>
/// Requests and limits of the function's container: the user's own, else small requests, so that many idle functions fit
/// on a node, and limits that protect the neighbours.
/// </summary>
internal static class FunctionResources
{
    private const string Cpu = "cpu";
    private const string Memory = "memory";
    private const string Storage = "ephemeral-storage";

    /// <summary>Size of <c>/tmp</c>; what is written there counts as ephemeral storage too.</summary>
    public const string TmpSize = "256Mi";

    private static readonly (string Name, string Request, string Limit)[] Standard =
    [
        (Cpu, "10m", "1"),
        (Memory, "64Mi", "256Mi"),
        (Storage, "16Mi", "512Mi"),
    ];

    public static V1ResourceRequirements Of(ComputeResources? asked)
    {
        var requests = new SortedDictionary<string, ResourceQuantity>(StringComparer.Ordinal);
        var limits = new SortedDictionary<string, ResourceQuantity>(StringComparer.Ordinal);
        foreach (var (name, request, limit) in Standard)
        {
            var askedRequest = Asked(asked?.Requests, name);
            var askedLimit = Asked(asked?.Limits, name);
            // A default gives way to what the user says: a request is never above its limit.
            requests[name] = askedRequest ?? Smaller(new(request), askedLimit);
            limits[name] = askedLimit ?? Larger(new(limit), askedRequest);
        }

        foreach (var (name, quantity) in asked?.Requests ?? new Dictionary<string, string>())
            requests[name] = new(quantity);
        foreach (var (name, quantity) in asked?.Limits ?? new Dictionary<string, string>())
            limits[name] = new(quantity);
        return new V1ResourceRequirements { Requests = requests, Limits = limits };
    }

    /// <summary>What 80 % of a busy replica is: of the CPU the user requested, else of what the container may use.</summary>
    public static decimal CpuCores(ComputeResources? asked) =>
        (Asked(asked?.Requests, Cpu) ?? Of(asked).Limits[Cpu]).ToDecimal();

    private static ResourceQuantity? Asked(IReadOnlyDictionary<string, string>? quantities, string name) =>
        quantities?.TryGetValue(name, out var quantity) == true ? new ResourceQuantity(quantity) : null;

    private static ResourceQuantity Smaller(ResourceQuantity standard, ResourceQuantity? asked) =>
        asked is not null && asked.ToDecimal() < standard.ToDecimal() ? asked : standard;

    private static ResourceQuantity Larger(ResourceQuantity standard, ResourceQuantity? asked) =>
        asked is not null && asked.ToDecimal() > standard.ToDecimal() ? asked : standard;
}
