using Kublambda.Builder.Remote;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Tests.Remote;

/// <summary>The fetchers as the builder composes them, for servers on 127.0.0.1.</summary>
internal sealed class RemoteFixture : IDisposable
{
    private readonly SourceHttp _http;
    private readonly TrustBundle _trust;

    public RemoteFixture(string? allowed = "127.0.0.1, localhost", string? apiServer = null, FetchOptions? options = null)
    {
        var fetch = Options.Create((options ?? new FetchOptions { CaFile = "/nonexistent" }) with { AllowedPrivate = allowed });
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("KUBERNETES_SERVICE_HOST", apiServer)]).Build();
        var hosts = new HostResolver(fetch, new ApiServerAddresses(null, configuration, TimeProvider.System));
        _trust = new TrustBundle(fetch);
        _http = new SourceHttp(hosts, _trust, fetch);
        Archives = new ArchiveDownload(_http, fetch);
        Git = new GitFetcher(hosts, _http, _trust, fetch);
    }

    public ArchiveDownload Archives { get; }

    public GitFetcher Git { get; }

    public void Dispose()
    {
        _http.Dispose();
        _trust.Dispose();
    }
}
