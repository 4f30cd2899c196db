using System.Net;
using System.Net.Http.Headers;

namespace Kublambda.Registry;

/// <inheritdoc cref="IRegistryClient"/>
internal sealed class RegistryClient(RegistryTransport transport) : IRegistryClient
{
    private const int MaxManifestBytes = 4 * 1024 * 1024;
    private const int PageSize = 100;
    private const string DigestHeader = "Docker-Content-Digest";
    private readonly RegistryPages _pages = new(transport);
    private readonly BlobUpload _uploads = new(transport);

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
        var bytes = await transport.ReadAsync(request, response, MaxManifestBytes, cancellationToken);
        var digest = Digest.Of(bytes);
        var promised = Digest.IsValid(reference) ? reference : Header(response, DigestHeader);
        if (promised is not null && Digest.IsValid(promised) && promised != digest)
        {
            throw transport.Errors.Of(
                RegistryErrorKind.Invalid, request.Operation, $"its bytes have the digest {digest}: the registry, or something before it, changed them.");
        }
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
            throw transport.Errors.Of(RegistryErrorKind.Invalid, request.Operation, $"sent {digest} and it was kept as {kept}.");
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
        var start = Blob(HttpMethod.Post, "write", repository, digest, "pull,push") with
        {
            Url = Relative($"v2/{repository}/blobs/uploads/"),
            Expected = [],
            FollowRedirects = false,
            Retry = false,
        };
        // Upload sessions do not survive a broken request: start, send and look again are repeated together.
        var first = true;
        await transport.Retries.ExecuteAsync(async token =>
        {
            if (!first && await BlobExistsAsync(repository, digest, token))
                return;
            first = false;
            await _uploads.SendAsync(start, digest, size, open, token);
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
            await _uploads.CancelAsync(request, upload, cancellationToken);
        return false;
    }

    public async Task<Stream> OpenBlobAsync(string repository, string digest, CancellationToken cancellationToken)
    {
        var request = Blob(HttpMethod.Get, "read", repository, digest, "pull") with { Expected = [] };
        var response = await transport.SendAsync(request, cancellationToken);
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            return new VerifiedStream(response, stream, digest, (kind, words, inner) => transport.Errors.Of(kind, request.Operation, words, inner));
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
        return _pages.ReadAsync(new RegistryRequest
        {
            Operation = $"list tags of {repository}",
            Method = HttpMethod.Get,
            Url = Relative($"v2/{repository}/tags/list?n={PageSize}"),
            Scopes = [Scope(repository, "pull")],
            Expected = [HttpStatusCode.NotFound],
        }, "tags", cancellationToken);
    }

    public IAsyncEnumerable<string> ListRepositoriesAsync(CancellationToken cancellationToken) =>
        _pages.ReadAsync(new RegistryRequest
        {
            Operation = "list repositories",
            Method = HttpMethod.Get,
            Url = Relative($"v2/_catalog?n={PageSize}"),
            Scopes = ["registry:catalog:*"],
        }, "repositories", cancellationToken);

    public async Task PingAsync(CancellationToken cancellationToken)
    {
        var ping = new RegistryRequest { Operation = "ping", Method = HttpMethod.Get, Url = Relative("v2/"), Scopes = [], Timeout = TimeSpan.FromSeconds(5) };
        using var response = await transport.SendAsync(ping, cancellationToken);
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
            throw transport.Errors.Of(RegistryErrorKind.Invalid, "request", $"'{value}' is not a {what}.");
    }

    private static string Scope(string repository, string actions) => $"repository:{repository}:{actions}";

    private static Uri Relative(string path) => new(path, UriKind.Relative);

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
