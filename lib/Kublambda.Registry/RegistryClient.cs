using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Kublambda.Registry;

/// <inheritdoc cref="IRegistryClient"/>
internal sealed class RegistryClient(RegistryTransport transport) : IRegistryClient
{
    private const int MaxManifestBytes = 4 * 1024 * 1024;
    private const int MaxPageBytes = 8 * 1024 * 1024;
    private const int MaxPages = 1000;
    private const int PageSize = 100;
    private const string DigestHeader = "Docker-Content-Digest";

    public async Task<Descriptor?> HeadManifestAsync(string repository, string reference, CancellationToken cancellationToken)
    {
        var request = Manifest(HttpMethod.Head, "look for", repository, reference, "pull");
        using var response = await transport.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return null;
        var type = response.Content.Headers.ContentType?.MediaType;
        if (type is not null && Header(response, DigestHeader) is { } digest && Digest.IsValid(digest) && response.Content.Headers.ContentLength is { } size)
            return new Descriptor(type, digest, size);
        // The header is optional in the specification.
        return (await GetManifestAsync(repository, reference, cancellationToken))?.Descriptor;
    }

    public async Task<ManifestContent?> GetManifestAsync(string repository, string reference, CancellationToken cancellationToken)
    {
        var request = Manifest(HttpMethod.Get, "read", repository, reference, "pull");
        using var response = await transport.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return null;
        var bytes = await ReadAsync(request, response, MaxManifestBytes, cancellationToken);
        var digest = Digest.Of(bytes);
        var promised = Digest.IsValid(reference) ? reference : Header(response, DigestHeader);
        if (promised is not null && Digest.IsValid(promised) && promised != digest)
            throw transport.Error(RegistryErrorKind.Invalid, request.Operation, $"its bytes have the digest {digest}: the registry, or something before it, changed them.");
        var type = response.Content.Headers.ContentType?.MediaType ?? MediaTypes.OciManifest;
        return new ManifestContent(new Descriptor(type, digest, bytes.Length), bytes);
    }

    public async Task<Descriptor> PutManifestAsync(
        string repository, string reference, string mediaType, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var request = Manifest(HttpMethod.Put, "write", repository, reference, "pull,push") with
        {
            Accept = [],
            Expected = [],
            Body = () => new ReadOnlyMemoryContent(content) { Headers = { ContentType = new MediaTypeHeaderValue(mediaType) } },
        };
        using var response = await transport.SendAsync(request, cancellationToken);
        var digest = Digest.Of(content.Span);
        if (Header(response, DigestHeader) is { } kept && Digest.IsValid(kept) && kept != digest)
            throw transport.Error(RegistryErrorKind.Invalid, request.Operation, $"sent {digest} and it was kept as {kept}.");
        return new Descriptor(mediaType, digest, content.Length);
    }

    public async Task<bool> BlobExistsAsync(string repository, string digest, CancellationToken cancellationToken)
    {
        using var response = await transport.SendAsync(Blob(HttpMethod.Head, "look for", repository, digest, "pull"), cancellationToken);
        return response.StatusCode != HttpStatusCode.NotFound;
    }

    public async Task PushBlobAsync(string repository, string digest, long size, Func<Stream> open, CancellationToken cancellationToken)
    {
        if (await BlobExistsAsync(repository, digest, cancellationToken))
            return;
        // Upload sessions do not survive a broken request: start, send and look again are repeated together.
        var first = true;
        await transport.Retries.ExecuteAsync(async token =>
        {
            if (!first && await BlobExistsAsync(repository, digest, token))
                return;
            first = false;
            await UploadAsync(repository, digest, size, open, token);
        }, cancellationToken);
    }

    public async Task<bool> MountBlobAsync(string repository, string digest, string fromRepository, CancellationToken cancellationToken)
    {
        Check(fromRepository, ImageReference.IsRepository(fromRepository), "repository");
        var request = Blob(HttpMethod.Post, "mount", repository, digest, "pull,push") with
        {
            Url = Relative($"v2/{repository}/blobs/uploads/?mount={Uri.EscapeDataString(digest)}&from={Uri.EscapeDataString(fromRepository)}"),
            Scopes = [Scope(repository, "pull,push"), Scope(fromRepository, "pull")],
            Expected = [],
            FollowRedirects = false,
        };
        using var response = await transport.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.Created)
            return true;
        // 202: it opened an upload instead, which nobody is going to use.
        if (response.Headers.Location is { } upload)
            await CancelUploadAsync(request, upload, cancellationToken);
        return false;
    }

    public async Task<Stream> OpenBlobAsync(string repository, string digest, CancellationToken cancellationToken)
    {
        var request = Blob(HttpMethod.Get, "read", repository, digest, "pull") with { Expected = [] };
        var response = await transport.SendAsync(request, cancellationToken);
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            return new VerifiedStream(response, stream, digest, (kind, words, inner) => transport.Error(kind, request.Operation, words, inner));
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    public async Task<bool> DeleteManifestAsync(string repository, string digest, CancellationToken cancellationToken)
    {
        Check(digest, Digest.IsValid(digest), "digest");
        using var response = await transport.SendAsync(Manifest(HttpMethod.Delete, "delete", repository, digest, "pull,delete"), cancellationToken);
        return response.StatusCode != HttpStatusCode.NotFound;
    }

    public IAsyncEnumerable<string> ListTagsAsync(string repository, CancellationToken cancellationToken)
    {
        Check(repository, ImageReference.IsRepository(repository), "repository");
        return PagesAsync(new RegistryRequest
        {
            Operation = $"list tags of {repository}",
            Method = HttpMethod.Get,
            Url = Relative($"v2/{repository}/tags/list?n={PageSize}"),
            Scopes = [Scope(repository, "pull")],
            Expected = [HttpStatusCode.NotFound],
        }, "tags", cancellationToken);
    }

    public IAsyncEnumerable<string> ListRepositoriesAsync(CancellationToken cancellationToken) =>
        PagesAsync(new RegistryRequest
        {
            Operation = "list repositories",
            Method = HttpMethod.Get,
            Url = Relative($"v2/_catalog?n={PageSize}"),
            Scopes = ["registry:catalog:*"],
        }, "repositories", cancellationToken);

    public async Task PingAsync(CancellationToken cancellationToken)
    {
        using var response = await transport.SendAsync(
            new RegistryRequest { Operation = "ping", Method = HttpMethod.Get, Url = Relative("v2/"), Scopes = [], Timeout = TimeSpan.FromSeconds(5) }, cancellationToken);
    }

    private async Task UploadAsync(string repository, string digest, long size, Func<Stream> open, CancellationToken cancellationToken)
    {
        var start = Blob(HttpMethod.Post, "write", repository, digest, "pull,push") with
        {
            Url = Relative($"v2/{repository}/blobs/uploads/"),
            Expected = [],
            FollowRedirects = false,
            Retry = false,
        };
        using var started = await transport.SendAsync(start, cancellationToken);
        if (started.Headers.Location is not { } location)
            throw transport.Error(RegistryErrorKind.Invalid, start.Operation, "it opened an upload without saying where.");
        var url = new Uri(started.RequestMessage!.RequestUri!, location);
        var separator = url.Query.Length > 1 ? "&" : "?";
        var send = start with
        {
            Method = HttpMethod.Put,
            Url = new Uri($"{url.AbsoluteUri}{separator}digest={Uri.EscapeDataString(digest)}"),
            Body = () => new BlobContent(size, open) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } },
            Timeout = TimeSpan.FromSeconds(30 + (size >> 20)),
            Expected = [HttpStatusCode.NotFound],
        };
        using var sent = await transport.SendAsync(send, cancellationToken);
        if (sent.StatusCode == HttpStatusCode.NotFound)
            throw transport.Error(RegistryErrorKind.Unavailable, send.Operation, "it lost the upload. Several replicas of a registry need shared storage and the same http secret.");
    }

    private async Task CancelUploadAsync(RegistryRequest mount, Uri upload, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await transport.SendAsync(mount with { Method = HttpMethod.Delete, Url = upload, Expected = [HttpStatusCode.NotFound], Retry = false }, cancellationToken);
        }
        catch (RegistryException)
        {
            // The registry drops unused uploads by itself, only later.
        }
    }

    private async IAsyncEnumerable<string> PagesAsync(
        RegistryRequest first, string property, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = first;
        for (var page = 0; ; page++)
        {
            if (page == MaxPages)
                throw transport.Error(RegistryErrorKind.Invalid, first.Operation, $"more than {MaxPages} pages.");
            List<string> names;
            Uri? next;
            using (var response = await transport.SendAsync(request, cancellationToken))
            {
                if (response.StatusCode == HttpStatusCode.NotFound)
                    yield break;
                names = ReadNames(await ReadAsync(request, response, MaxPageBytes, cancellationToken), property, request);
                next = NextPage(response, request);
            }
            foreach (var name in names)
                yield return name;
            if (next is null || names.Count == 0)
                yield break;
            request = request with { Url = next };
        }
    }

    /// <summary>The target of <c>Link: &lt;...&gt;; rel="next"</c>, by path and query only: pages come from the same host.</summary>
    private Uri? NextPage(HttpResponseMessage response, RegistryRequest request)
    {
        if (Header(response, "Link") is not { } link || !link.Contains("next", StringComparison.OrdinalIgnoreCase))
            return null;
        var (open, close) = (link.IndexOf('<', StringComparison.Ordinal), link.IndexOf('>', StringComparison.Ordinal));
        if (open < 0 || close < open || !Uri.TryCreate(response.RequestMessage!.RequestUri!, link[(open + 1)..close], out var target))
            throw transport.Error(RegistryErrorKind.Invalid, request.Operation, "its Link header cannot be read.");
        return Relative(target.PathAndQuery);
    }

    private List<string> ReadNames(byte[] body, string property, RegistryRequest request)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.TryGetProperty(property, out var names) && names.ValueKind == JsonValueKind.Array
                ? [.. names.EnumerateArray().Select(name => name.GetString()!)]
                : [];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw transport.Error(RegistryErrorKind.Invalid, request.Operation, "the answer is not the JSON that the distribution specification asks for. Is Registry__PushHost a registry?", e);
        }
    }

    private async Task<byte[]> ReadAsync(
        RegistryRequest request, HttpResponseMessage response, int limit, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(30));
        try
        {
            var bytes = await response.Content.ReadUpToAsync(limit + 1, timeout.Token);
            return bytes.Length <= limit ? bytes : throw transport.Error(RegistryErrorKind.Invalid, request.Operation, $"the answer is larger than {limit} bytes.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw transport.Error(RegistryErrorKind.Unavailable, request.Operation, "the answer broke off.", e);
        }
    }

    private RegistryRequest Manifest(HttpMethod method, string verb, string repository, string reference, string actions)
    {
        Check(repository, ImageReference.IsRepository(repository), "repository");
        Check(reference, ImageReference.IsTag(reference) || Digest.IsValid(reference), "tag or digest");
        return new RegistryRequest
        {
            Operation = $"{verb} manifest {repository}{(Digest.IsValid(reference) ? '@' : ':')}{reference}",
            Method = method,
            Url = Relative($"v2/{repository}/manifests/{reference}"),
            Scopes = [Scope(repository, actions)],
            Accept = method == HttpMethod.Delete ? [] : MediaTypes.Manifests,
            Expected = [HttpStatusCode.NotFound],
        };
    }

    private RegistryRequest Blob(HttpMethod method, string verb, string repository, string digest, string actions)
    {
        Check(repository, ImageReference.IsRepository(repository), "repository");
        Check(digest, Digest.IsValid(digest), "digest");
        return new RegistryRequest
        {
            Operation = $"{verb} blob {repository}@{digest}",
            Method = method,
            Url = Relative($"v2/{repository}/blobs/{digest}"),
            Scopes = [Scope(repository, actions)],
            Expected = [HttpStatusCode.NotFound],
            FollowRedirects = true,
        };
    }

    private void Check(string value, bool valid, string what)
    {
        if (!valid)
            throw transport.Error(RegistryErrorKind.Invalid, "request", $"'{value}' is not a {what}.");
    }

    private static string Scope(string repository, string actions) => $"repository:{repository}:{actions}";

    private static Uri Relative(string path) => new(path, UriKind.Relative);

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
