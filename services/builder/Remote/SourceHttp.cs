using System.Net;
using Kublambda.Builder.Sources;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Remote;

/// <summary>The HTTP client of sources: no redirects by itself, no cookies, and only addresses that are allowed.</summary>
public sealed class SourceHttp : IDisposable
{
    private readonly HttpClient _client;
    private readonly HostResolver _hosts;
    private readonly TrustBundle _trust;
    private readonly WebProxy? _proxy;

    public SourceHttp(HostResolver hosts, TrustBundle trust, IOptions<FetchOptions> options)
    {
        (_hosts, _trust, _proxy) = (hosts, trust, ProxyOf(options.Value));
#pragma warning disable CA2000 // Owned by the HttpClient.
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            // What is downloaded is judged packed, and its digest is that of the bytes on the wire.
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            // The next request resolves the host again, and checks it again.
            PooledConnectionLifetime = TimeSpan.Zero,
            MaxResponseHeadersLength = 64,
        };
#pragma warning restore CA2000
        Apply(handler);
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.ParseAdd("kublambda");
    }

    /// <summary>The installation's proxy and authorities, and connections to addresses that are allowed only.</summary>
    public void Apply(SocketsHttpHandler handler)
    {
        (handler.UseProxy, handler.Proxy) = (_proxy is not null, _proxy);
        _trust.Apply(handler.SslOptions);
        handler.ConnectCallback = async (context, cancellationToken) => IsProxy(context.DnsEndPoint)
            ? await HostResolver.ConnectAsync(await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellationToken), context.DnsEndPoint.Port, cancellationToken)
            : await _hosts.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken);
    }

    /// <summary>Through a proxy it is the proxy that connects: what can be told here, of an address, is told before.</summary>
    /// <exception cref="SourceRefusedException">It is an address that may not be reached.</exception>
    public async Task CheckAsync(Uri url, CancellationToken cancellationToken)
    {
        if (UsesProxy(url) && IPAddress.TryParse(url.IdnHost.Trim('[', ']'), out _))
            await _hosts.ResolveAsync(url.IdnHost, cancellationToken);
    }

    /// <summary>Whether a host is reached through the proxy, which then resolves its name.</summary>
    public bool UsesProxy(Uri url) => _proxy is not null && !_proxy.IsBypassed(url);

    public Task<HttpResponseMessage> GetAsync(Uri url, CancellationToken cancellationToken) =>
        _client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    public void Dispose() => _client.Dispose();

    private bool IsProxy(DnsEndPoint end) => _proxy?.Address is { } address && address.IdnHost == end.Host && address.Port == end.Port;

    private static WebProxy? ProxyOf(FetchOptions options)
    {
        if (string.IsNullOrEmpty(options.Proxy))
            return null;
        var url = new Uri(options.Proxy);
        var proxy = new WebProxy(new UriBuilder(url) { UserName = "", Password = "" }.Uri, BypassOnLocal: false);
        foreach (var host in (options.NoProxy ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            proxy.BypassArrayList.Add($@"^\w+://{(host.StartsWith('.') ? ".*" : "")}{System.Text.RegularExpressions.Regex.Escape(host)}(:\d+)?(/.*)?$");
        if (url.UserInfo.Split(':', 2) is [{ Length: > 0 } user, ..] parts)
            proxy.Credentials = new NetworkCredential(Uri.UnescapeDataString(user), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
        return proxy;
    }
}
