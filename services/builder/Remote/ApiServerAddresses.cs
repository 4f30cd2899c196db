using System.Net;
using k8s;
using k8s.Autorest;

namespace Kublambda.Builder.Remote;

/// <summary>Where the API server is, by the Service that pods know it by and by the addresses behind that: closed to every fetch.</summary>
/// <param name="client">Null: only what the environment says.</param>
/// <param name="configuration">With <c>KUBERNETES_SERVICE_HOST</c>, which Kubernetes sets in every pod.</param>
/// <param name="time">For how long an answer holds.</param>
public sealed class ApiServerAddresses(IKubernetes? client, IConfiguration configuration, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);
    private (DateTimeOffset Until, IReadOnlyList<IPAddress> Addresses)? _known;

    public async Task<IReadOnlyList<IPAddress>> GetAsync(CancellationToken cancellationToken)
    {
        if (_known is { } known && time.GetUtcNow() < known.Until)
            return known.Addresses;
        List<IPAddress> addresses = [.. Parse([configuration["KUBERNETES_SERVICE_HOST"], client?.BaseUri.IdnHost]), .. await EndpointsAsync(cancellationToken)];
        _known = (time.GetUtcNow() + Fresh, addresses);
        return addresses;
    }

    private async Task<IEnumerable<IPAddress>> EndpointsAsync(CancellationToken cancellationToken)
    {
        if (client is null)
            return [];
        try
        {
            var endpoints = await client.CoreV1.ReadNamespacedEndpointsAsync("kubernetes", "default", cancellationToken: cancellationToken);
            return Parse(endpoints.Subsets?.SelectMany(s => s.Addresses ?? []).Select(a => a.Ip) ?? []);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.NotFound)
        {
            // An installation that took this right away; the Service's address is known all the same.
            return [];
        }
    }

    private static IEnumerable<IPAddress> Parse(IEnumerable<string?> addresses) =>
        addresses.Select(a => IPAddress.TryParse(a, out var address) ? address : null).OfType<IPAddress>();
}
