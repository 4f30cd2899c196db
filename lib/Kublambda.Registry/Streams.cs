using System.Net;
using System.Security.Cryptography;

namespace Kublambda.Registry;

/// <summary>Reads of answers, all of them bounded.</summary>
internal static class BoundedRead
{
    /// <summary>Whether a read failed because of the other side, and not because the caller gave up.</summary>
    public static bool IsBroken(Exception e, CancellationToken caller) =>
        e is HttpRequestException or IOException || (e is OperationCanceledException && !caller.IsCancellationRequested);

    /// <summary>At most <paramref name="limit"/> bytes; what is beyond is not read.</summary>
    public static async Task<byte[]> ReadUpToAsync(this HttpContent content, int limit, CancellationToken cancellationToken)
    {
        using var stream = await content.ReadAsStreamAsync(cancellationToken);
        using var result = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (result.Length < limit)
        {
            var count = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, limit - result.Length)), cancellationToken);
            if (count == 0)
                break;
            await result.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
        return result.ToArray();
    }
}

/// <summary>A body that opens its stream anew each time it is sent, so that a retry never sends an empty rest.</summary>
internal sealed class BlobContent(long size, Func<Stream> open) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await using var source = open();
        await source.CopyToAsync(stream, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = size;
        return true;
    }
}

/// <summary>Passes a blob through and compares its digest at the end; gives up when nothing comes for a while. Owns the answer that it reads.</summary>
/// <param name="error">Makes the error to throw.</param>
internal sealed class VerifiedStream(
    HttpResponseMessage response, Stream inner, string digest, Func<RegistryErrorKind, string, Exception?, RegistryException> error) : Stream
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private bool _checked;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Seen(buffer.AsMemory(offset, count), inner.Read(buffer, offset, count));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        try
        {
            return Seen(buffer, await inner.ReadAsync(buffer, timeout.Token));
        }
        catch (Exception e) when (BoundedRead.IsBroken(e, cancellationToken))
        {
            throw error(RegistryErrorKind.Unavailable, "the answer broke off.", e);
        }
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            response.Dispose();
            _hash.Dispose();
        }
        base.Dispose(disposing);
    }

    private int Seen(ReadOnlyMemory<byte> buffer, int count)
    {
        if (count > 0)
            _hash.AppendData(buffer.Span[..count]);
        else if (buffer.Length > 0 && !_checked)
        {
            _checked = true;
            if (Digest.Prefix + Convert.ToHexStringLower(_hash.GetHashAndReset()) != digest)
                throw error(RegistryErrorKind.Invalid, "its bytes have another digest.", null);
        }
        return count;
    }
}
