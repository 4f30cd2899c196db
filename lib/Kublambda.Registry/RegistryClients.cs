using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Kublambda.Registry;

/// <summary>Clients for the registries that images are read from.</summary>
public interface IRegistryClients
{
    /// <summary>
    /// The client of the push side where <paramref name="host"/> is that, else one over https that uses the host's own entry in
    /// the credentials file, or none: a credential goes to its own host only.
    /// </summary>
    /// <param name="host">As it stands in an <see cref="ImageReference"/>.</param>
    IRegistryClient For(string host);

    /// <summary>Asks any registry, over https, for an image that a user named; with the user's credentials, never the installation's.</summary>
    /// <param name="image">The image.</param>
    /// <param name="dockerConfigs">Texts in the format of <c>.dockerconfigjson</c>; the first with an entry for the host counts.</param>
    /// <param name="network">Settles proxy, trust and connections: who calls decides which addresses may be reached.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Null where it is not there.</returns>
    /// <exception cref="RegistryException">The registry does not answer, or refuses.</exception>
    Task<Descriptor?> HeadForeignAsync(
        ImageReference image, IReadOnlyList<string> dockerConfigs, Action<SocketsHttpHandler> network, CancellationToken cancellationToken);
}

internal sealed class RegistryClients(
    IRegistryClient pushSide, IOptions<RegistryOptions> options, TimeProvider time, ILogger<RegistryTransport> logger) : IRegistryClients, IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<RegistryTransport>> _others = new(StringComparer.Ordinal);

    public IRegistryClient For(string host) =>
        host == options.Value.PushHost ? pushSide : new RegistryClient(_others.GetOrAdd(host, h => new Lazy<RegistryTransport>(() => Transport(h))).Value);

    public async Task<Descriptor?> HeadForeignAsync(
        ImageReference image, IReadOnlyList<string> dockerConfigs, Action<SocketsHttpHandler> network, CancellationToken cancellationToken)
    {
        using var transport = new RegistryTransport(Options.Create(Foreign(image.Host) with { AuthConfigs = dockerConfigs }), time, logger, network);
        return await new RegistryClient(transport).HeadManifestAsync(image.Repository, image.Digest ?? image.Tag ?? "latest", cancellationToken);
    }

    public void Dispose()
    {
        foreach (var other in _others.Values.Where(o => o.IsValueCreated))
            other.Value.Dispose();
    }

    private RegistryTransport Transport(string host) => new(Options.Create(Foreign(host)), time, logger);

    // Docker Hub's API is not where its name says.
    private RegistryOptions Foreign(string host) =>
        options.Value with { PushHost = host == "docker.io" ? "registry-1.docker.io" : host, Insecure = false, EntryOptional = true };
}
