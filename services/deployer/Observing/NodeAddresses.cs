using k8s;
using Microsoft.Extensions.Options;

namespace Kublambda.Deployer.Observing;

/// <summary>The host of node port URLs: the setting, else an address of the first node, external before internal.</summary>
internal sealed class NodeAddresses(IKubernetes client, IOptions<HttpOptions> options, TimeProvider time)
{
    private static readonly TimeSpan Keep = TimeSpan.FromMinutes(5);
    private (string? Address, long At)? _known;

    /// <returns>Null where no node has an address.</returns>
    public async Task<string?> GetAsync(CancellationToken cancellationToken)
    {
        if (!string.IsNullOrEmpty(options.Value.NodeAddress))
            return options.Value.NodeAddress;
        if (_known is { } known && time.GetElapsedTime(known.At) < Keep)
            return known.Address;

        var nodes = await client.CoreV1.ListNodeAsync(limit: 100, cancellationToken: cancellationToken);
        var address = nodes.Items.OrderBy(n => n.Metadata.Name, StringComparer.Ordinal)
            .SelectMany(n => n.Status?.Addresses ?? [])
            .Where(a => a.Type is "ExternalIP" or "InternalIP")
            .OrderBy(a => a.Type, StringComparer.Ordinal)
            .FirstOrDefault()?.Address;
        if (address is not null)
            _known = (address, time.GetTimestamp());
        return address;
    }
}
