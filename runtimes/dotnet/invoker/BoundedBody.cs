using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace Kublambda.Invoker;

/// <summary>
/// The body of an answer. What the handler writes is held back until it flushes or ends: an answer in one piece has a length and a
/// bound, and an error before can still be a 500. Whoever starts the answer first, the handler or the clock, gives it.
/// </summary>
internal sealed class BoundedBody(Exchange exchange, IHttpResponseBodyFeature inner, long maxBytes) : PipeWriter, IHttpResponseBodyFeature
{
    private ArrayBufferWriter<byte>? _held;
    private Stream? _stream;
    private bool _started;

    /// <summary>The connection's own.</summary>
    public IHttpResponseBodyFeature Inner => inner;

    /// <summary>Bytes that wait to be sent.</summary>
    public int HeldBytes => _held?.WrittenCount ?? 0;

    public Stream Stream => _stream ??= AsStream(leaveOpen: true);

    public PipeWriter Writer => this;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _started ? inner.Writer.UnflushedBytes : HeldBytes;

    public override Memory<byte> GetMemory(int sizeHint = 0) => _started ? inner.Writer.GetMemory(sizeHint) : (_held ??= new(256)).GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        if (_started)
        {
            inner.Writer.Advance(bytes);
            return;
        }

        _held!.Advance(bytes);
        if (_held.WrittenCount > maxBytes)
            throw new AnswerTooLargeException(_held.WrittenCount, maxBytes);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        Begin();
        return inner.Writer.FlushAsync(cancellationToken);
    }

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        if (!_started && source.Length + (long)HeldBytes > maxBytes)
            throw new AnswerTooLargeException(source.Length + (long)HeldBytes, maxBytes);
        Begin();
        return inner.Writer.WriteAsync(source, cancellationToken);
    }

    public override void CancelPendingFlush() => inner.Writer.CancelPendingFlush();

    public override void Complete(Exception? exception = null)
    {
        // The end of the request completes the answer.
    }

    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        Begin();
        return inner.StartAsync(cancellationToken);
    }

    public async Task CompleteAsync()
    {
        await FinishAsync();
        await inner.CompleteAsync();
    }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default)
    {
        Begin();
        return inner.SendFileAsync(path, offset, count, cancellationToken);
    }

    public void DisableBuffering() => inner.DisableBuffering();

    /// <summary>The handler has ended: what was never flushed goes out, with its length.</summary>
    public ValueTask FinishAsync()
    {
        if (_started || exchange.Answered)
            return ValueTask.CompletedTask;
        var response = exchange.Context.Response;
        if (HeldBytes > 0)
            response.ContentLength ??= HeldBytes;
        Begin();
        if (HeldBytes == 0)
            return ValueTask.CompletedTask;
        return Flushed(inner.Writer.FlushAsync());

        static async ValueTask Flushed(ValueTask<FlushResult> flush) => await flush;
    }

    private void Begin()
    {
        if (_started)
        {
            if (exchange.Over)
                throw new OperationCanceledException("The request's time is up.");
            return;
        }

        if (!exchange.TakeAnswer())
            throw new OperationCanceledException("The request's time is up.");
        _started = true;
        if (HeldBytes > 0)
            inner.Writer.Write(_held!.WrittenSpan);
    }
}

/// <summary>The answer is over the limit: 502 with a message, unless part of it is on its way already.</summary>
internal sealed class AnswerTooLargeException(long bytes, long maxBytes) : Exception(
    $"The function's answer has {bytes} bytes or more, over the limit of {maxBytes}. Answer less, stream it (flush between pieces), or raise FUNCTION_MAX_RESPONSE_BYTES.");
