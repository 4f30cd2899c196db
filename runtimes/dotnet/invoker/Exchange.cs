using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Features;

namespace Kublambda.Invoker;

internal enum Stage
{
    Waiting,
    Reading,
    Running,
}

/// <summary>One request, from its headers to the end of its answer. Its token ends with the client's patience and with the time limit.</summary>
internal sealed partial class Exchange(HttpContext context, long startedAt, IHttpRequestLifetimeFeature connection) : IHttpRequestLifetimeFeature
{
    private CancellationTokenSource? _aborted;
    private int _answered;
    private string? _id;

    public HttpContext Context { get; } = context;
    public long StartedAt { get; } = startedAt;

    /// <summary>The neighbour in the list of open exchanges; the dispatcher's.</summary>
    public LinkedListNode<Exchange>? Node { get; set; }

    public Stage Stage { get; set; }

    /// <summary>Whether it holds one of the places that the concurrency limit counts; the dispatcher's lock guards it.</summary>
    public bool Place { get; set; }

    /// <summary>Given when it waited for a place and got one.</summary>
    public TaskCompletionSource<bool>? Granted { get; set; }

    /// <summary>The status code that was sent in the handler's place; 0: none.</summary>
    public int Code { get; set; }

    /// <summary>Timestamp of the moment at which its time was up; 0 before.</summary>
    public long OverSince
    {
        get;
        set
        {
            field = value;
            What = $"{Context.Request.Method} {InvokerLog.Cut(Context.Request.Path.Value ?? "", 200)}";
        }
    }

    public bool Over => OverSince != 0;

    public bool Answered => Volatile.Read(ref _answered) != 0;

    public CancellationToken RequestAborted
    {
        get
        {
            if (_aborted is null)
            {
                var made = CancellationTokenSource.CreateLinkedTokenSource(connection.RequestAborted);
                if (Interlocked.CompareExchange(ref _aborted, made, null) is not null)
                    made.Dispose();
                else if (Over)
                    made.Cancel();
            }

            return _aborted.Token;
        }

        set => _aborted = CancellationTokenSource.CreateLinkedTokenSource(value, connection.RequestAborted);
    }

    /// <summary>The X-Request-Id of the caller where it is a sane one, else a new one. The same id is in logs and error answers.</summary>
    public string Id => _id ??= Context.Request.Headers["X-Request-Id"].ToString() is { Length: > 0 } given && IdPattern().IsMatch(given) ? given : Guid.NewGuid().ToString();

    /// <summary>Its method and path; made when it is over, for the context is another's afterwards.</summary>
    public string What { get; private set; } = "";

    /// <summary>True for exactly one caller: who starts the answer.</summary>
    public bool TakeAnswer() => Interlocked.Exchange(ref _answered, 1) == 0;

    public void Abort() => connection.Abort();

    /// <summary>Tells the handler that nobody waits any more.</summary>
    public void Cancel() => _ = _aborted?.CancelAsync();

    public void Close() => _aborted?.Dispose();

    [GeneratedRegex(@"^[\w.:-]{1,128}\z", RegexOptions.ECMAScript)]
    private static partial Regex IdPattern();
}
