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
}

internal sealed class RegistryClients(
    IRegistryClient pushSide, IOptions<RegistryOptions> options, TimeProvider time, ILogger<RegistryTransport> logger) : IRegistryClients, IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<RegistryTransport>> _others = new(StringComparer.Ordinal);

    public IRegistryClient For(string host) =>
        host == options.Value.PushHost ? pushSide : new RegistryClient(_others.GetOrAdd(host, h => new Lazy<RegistryTransport>(() => Transport(h))).Value);

    public void Dispose()
    {
        foreach (var other in _others.Values.Where(o => o.IsValueCreated))
            other.Value.Dispose();
    }

    private RegistryTransport Transport(string host)
    {
        // Docker Hub's API is not where its name says.
        var api = host == "docker.io" ? "registry-1.docker.io" : host;
        return new RegistryTransport(Options.Create(options.Value with { PushHost = api, Insecure = false, EntryOptional = true }), time, logger);
    }
}
