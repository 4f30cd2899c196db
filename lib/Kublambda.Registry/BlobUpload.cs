using System.Net;
using System.Net.Http.Headers;

namespace Kublambda.Registry;

/// <summary>Uploads of blobs: a request that opens one, and one that sends the bytes.</summary>
internal sealed class BlobUpload(RegistryTransport transport)
{
    /// <summary>One attempt. Sessions do not survive a broken request, so nothing in here is repeated by itself.</summary>
    /// <param name="start">The POST that opens the upload.</param>
    public async Task SendAsync(RegistryRequest start, string digest, long size, Func<Stream> open, CancellationToken cancellationToken)
    {
        using var started = await transport.SendAsync(start, cancellationToken);
        if (started.Headers.Location is not { } location)
            throw transport.Errors.Of(RegistryErrorKind.Invalid, start.Operation, "it opened an upload without saying where.");
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
        {
            throw transport.Errors.Of(
                RegistryErrorKind.Unavailable, send.Operation, "it lost the upload. Several replicas of a registry need shared storage and the same http secret.");
        }
    }

    /// <summary>Drops an upload that nobody is going to use.</summary>
    public async Task CancelAsync(RegistryRequest start, Uri upload, CancellationToken cancellationToken)
    {
        try
        {
            var cancel = start with { Method = HttpMethod.Delete, Url = upload, Expected = [HttpStatusCode.NotFound], Retry = false };
            using var response = await transport.SendAsync(cancel, cancellationToken);
        }
        catch (RegistryException)
        {
            // The registry drops unused uploads by itself, only later.
        }
    }
}
