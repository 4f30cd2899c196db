using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace Kublambda.Invoker;

/// <summary>Takes requests to the function and answers back: concurrency limit, timeout, limits on bodies, errors.</summary>
internal sealed class Dispatcher(InvokerSettings settings, InvokerLog log, InvokerMetrics metrics)
{
    /// <summary>Handlers that go on after their time, at which the process counts as lost, unless the concurrency is higher.</summary>
    private const int FewestStuck = 10;

    /// <summary>The part of the memory that may be used from which on it counts as full.</summary>
    private const double FullHeap = 0.8;

    private readonly LinkedList<Exchange> _open = []; // oldest first
    private readonly Queue<Exchange> _waiting = new();
    private readonly Lock _lock = new();
    private int _running;
    private volatile string? _outOfMemory; // where

    public RequestDelegate Function { get; set; } = _ => throw new InvalidOperationException("Nothing is loaded.");

    /// <summary>From now on each answer closes its connection.</summary>
    public bool Draining { get; set; }

    public int InFlight => _running;

    public int Queued => _waiting.Count;

    public async Task HandleAsync(HttpContext context)
    {
        var features = context.Features;
        var exchange = new Exchange(context, Stopwatch.GetTimestamp(), features.GetRequiredFeature<IHttpRequestLifetimeFeature>());
        var inner = features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var body = new BoundedBody(exchange, inner, settings.MaxResponseBytes);
        features.Set<IHttpRequestLifetimeFeature>(exchange);
        features.Set<IHttpResponseBodyFeature>(body);
        lock (_lock)
            exchange.Node = _open.AddLast(exchange);
        try
        {
            if (Draining)
                context.Response.Headers.Connection = "close";
            if (context.Request.ContentLength > settings.MaxRequestBytes)
                throw TooLarge();
            await EnterAsync(exchange);
            if (features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != false)
            {
                exchange.Stage = Stage.Reading;
                await ReadBodyAsync(exchange);
            }

            exchange.Stage = Stage.Running;
            await Function(context);
            await body.FinishAsync();
        }
        catch (Exception e)
        {
            await FailedAsync(exchange, inner, e);
        }
        finally
        {
            // What began, and ran out of time before its end, must not look complete.
            if (exchange.Over && exchange.Answered && exchange.Code == 0)
                exchange.Abort();
            Leave(exchange);
            var sent = exchange.Code != 0 ? exchange.Code : context.Response.HasStarted || exchange.Answered ? context.Response.StatusCode : 0;
            metrics.Request(sent, Stopwatch.GetElapsedTime(exchange.StartedAt));
            exchange.Close();
            features.Set(inner);
        }
    }

    /// <summary>Call this a few times a second: requests that have run out of time get their answer here.</summary>
    /// <exception cref="FatalException">So many handlers do not end that the process is lost.</exception>
    public void Expire()
    {
        if (_outOfMemory is { } where)
            CheckMemory(where);
        var now = Stopwatch.GetTimestamp();
        var late = new List<Exchange>();
        var stuck = new List<Exchange>();
        lock (_lock)
        {
            foreach (var exchange in _open)
            {
                if (Stopwatch.GetElapsedTime(exchange.StartedAt, now) < settings.Timeout)
                    break;
                if (exchange.Over)
                    stuck.Add(exchange);
                else
                    late.Add(exchange);
            }
        }

        foreach (var exchange in late)
            TimedOut(exchange);
        if (stuck.Count < Math.Max(settings.Concurrency, FewestStuck))
            return;
        throw new FatalException(
            ExitCodes.Blocked, $"{stuck.Count} calls of the function did not end although their time was up (the oldest: {stuck[0].What}).",
            "pass HttpContext.RequestAborted on to what the function awaits, and bound its loops; more time is spec.timeoutSeconds.");
    }

    /// <summary>One call that asked for too much is that call's matter; a heap that stays full is everybody's.</summary>
    private void CheckMemory(string where)
    {
        _outOfMemory = null;
        GC.Collect();
        var memory = GC.GetGCMemoryInfo(GCKind.Any);
        if (memory.HeapSizeBytes < memory.TotalAvailableMemoryBytes * FullHeap)
            return;
        throw new FatalException(
            ExitCodes.OutOfMemory, $"The function's memory is full: {memory.HeapSizeBytes >> 20} of {memory.TotalAvailableMemoryBytes >> 20} MiB are in use{where}.",
            "raise spec.resources.limits.memory, of which .NET's heap may take three quarters, or keep less: static collections, caches without a bound.");
    }

    private async ValueTask EnterAsync(Exchange exchange)
    {
        lock (_lock)
        {
            if (_running < settings.Concurrency)
            {
                _running++;
                exchange.Place = true;
                return;
            }

            if (_waiting.Count >= settings.QueueLength)
                throw Overloaded();
            exchange.Granted = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(exchange);
        }

        using (exchange.RequestAborted.Register(() => exchange.Granted.TrySetResult(false)))
        {
            if (!await exchange.Granted.Task)
                throw new OperationCanceledException("The client left, or the time was up, before there was a place.");
        }
    }

    private void Leave(Exchange exchange)
    {
        lock (_lock)
        {
            if (exchange.Node is { List: not null } node)
                _open.Remove(node);
            Release(exchange);
        }
    }

    private void Release(Exchange exchange)
    {
        if (!exchange.Place)
            return;
        exchange.Place = false;
        while (_waiting.TryDequeue(out var next))
        {
            if (next.Over)
                continue;
            next.Place = true;
            if (next.Granted!.TrySetResult(true))
                return;
            next.Place = false;
        }

        _running--;
    }

    private static async Task ReadBodyAsync(Exchange exchange)
    {
        var request = exchange.Context.Request;
        // Kestrel lets Transfer-Encoding win and renames the other: two parsers could read that in two ways.
        if (request.Headers.TransferEncoding.Count > 0 && request.Headers.ContainsKey("X-Content-Length"))
            throw new RefusedException(StatusCodes.Status400BadRequest, "bad_request", "The request has both Transfer-Encoding and Content-Length.");
        var buffer = new MemoryStream((int)(request.ContentLength ?? 0));
        await request.Body.CopyToAsync(buffer, exchange.RequestAborted);
        buffer.Position = 0;
        request.Body = buffer;
    }

    private Task FailedAsync(Exchange exchange, IHttpResponseBodyFeature inner, Exception error)
    {
        var request = exchange.Context.Request;
        switch (error)
        {
            case RefusedException refused:
                metrics.Error(refused.Reason);
                return AnswerInsteadAsync(exchange, inner, refused.Status, refused.Reason, refused.Message);
            case BadHttpRequestException bad:
                return FailedAsync(exchange, inner, bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? TooLarge() : new RefusedException(bad.StatusCode, "bad_request", bad.Message));
            case AnswerTooLargeException:
                metrics.Error("response_too_large");
                log.Request("error", error.Message, exchange.Id, request);
                return AnswerInsteadAsync(exchange, inner, StatusCodes.Status502BadGateway, "response_too_large", error.Message);
            case OperationCanceledException or IOException when exchange.Over || exchange.RequestAborted.IsCancellationRequested:
                return Task.CompletedTask;
            case var _ when exchange.Over:
                log.Request("warning", "The function failed after its request had been answered.", exchange.Id, request, error);
                return Task.CompletedTask;
            default:
                if (error is OutOfMemoryException)
                    _outOfMemory = Place.Of(error);
                metrics.Error("exception");
                log.Request("error", "The function failed.", exchange.Id, request, error);
                return AnswerInsteadAsync(exchange, inner, StatusCodes.Status500InternalServerError, "exception", "The function failed. Its log tells the cause under this id.");
        }
    }

    private void TimedOut(Exchange exchange)
    {
        exchange.OverSince = Stopwatch.GetTimestamp();
        var inner = exchange.Context.Features.Get<IHttpResponseBodyFeature>() is BoundedBody bounded ? bounded.Inner : null;
        var seconds = settings.Timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        var (status, reason, message) = exchange.Stage switch
        {
            Stage.Waiting => (StatusCodes.Status503ServiceUnavailable, "overloaded", Overloaded().Message),
            Stage.Reading => (StatusCodes.Status408RequestTimeout, "timeout", $"The request's body did not arrive within {seconds} s."),
            _ => (StatusCodes.Status504GatewayTimeout, "timeout", $"The function did not {(exchange.Answered ? "complete its answer" : "answer")} within {seconds} s. More time is spec.timeoutSeconds."),
        };
        metrics.Error(reason);
        if (exchange.Stage == Stage.Running)
            log.Request("error", message, exchange.Id, exchange.Context.Request);
        if (inner is not null)
            _ = EndAsync();
        lock (_lock)
            Release(exchange);

        async Task EndAsync()
        {
            try
            {
                await AnswerInsteadAsync(exchange, inner, status, reason, message);
                await inner.CompleteAsync();
            }
            catch (Exception e) when (e is InvalidOperationException or IOException or OperationCanceledException)
            {
                exchange.Abort();
            }
            finally
            {
                exchange.Cancel();
            }
        }
    }

    /// <summary>The invoker answers in the handler's place, or cuts the answer off where part of it is sent.</summary>
    private static async Task AnswerInsteadAsync(Exchange exchange, IHttpResponseBodyFeature inner, int status, string reason, string message)
    {
        var response = exchange.Context.Response;
        if (!exchange.TakeAnswer() || response.HasStarted)
        {
            exchange.Abort();
            return;
        }

        exchange.Code = status;
        var close = exchange.Over || exchange.Stage != Stage.Running || response.Headers.Connection == "close";
        response.Headers.Clear();
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        response.Headers["X-Request-Id"] = exchange.Id;
        if (status == StatusCodes.Status503ServiceUnavailable)
            response.Headers.RetryAfter = "1";
        if (close)
            response.Headers.Connection = "close";
        var body = JsonSerializer.SerializeToUtf8Bytes(new Refusal(reason, message, exchange.Id), RefusalJson.Default.Refusal);
        response.ContentLength = body.Length;
        if (exchange.Context.Request.Method != HttpMethods.Head)
            await inner.Writer.WriteAsync(body);
    }

    private RefusedException TooLarge() => new(
        StatusCodes.Status413PayloadTooLarge, "request_too_large", $"The request's body is larger than {settings.MaxRequestBytes} bytes. Send less, or raise FUNCTION_MAX_REQUEST_BYTES.");

    private RefusedException Overloaded() => new(
        StatusCodes.Status503ServiceUnavailable, "overloaded",
        $"The function works on {settings.Concurrency} requests and {settings.QueueLength} wait. Try again later, or raise spec.scaling (concurrency, maxReplicas).");
}
