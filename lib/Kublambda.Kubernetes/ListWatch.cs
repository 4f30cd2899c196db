using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using k8s.Autorest;

namespace Kublambda.Kubernetes;

/// <summary>Lists a resource page by page, and watches it from a resourceVersion on.</summary>
public sealed class ListWatch(RawApi api, ResourceQuery query, TimeProvider time)
{
    /// <summary>Objects on a page at most.</summary>
    public const int MaxPageSize = 500;

    /// <summary>What a page should weigh: with large objects on it the next one has fewer.</summary>
    private const long PageBytes = 4 * 1024 * 1024;

    /// <summary>Calls <paramref name="onItem"/> for each object; returns the resourceVersion to watch from.</summary>
    /// <exception cref="HttpOperationException">410: the list went stale between two pages, start over.</exception>
    public async Task<string> ListAsync(Action<JsonElement> onItem, CancellationToken cancellationToken)
    {
        var version = "";
        await foreach (var page in PagesAsync(null, MaxPageSize, cancellationToken))
        {
            using (page)
            {
                foreach (var item in page.Items)
                    onItem(item);
                version = page.ResourceVersion;
            }
        }

        return version;
    }

    /// <summary>The objects page by page, all of one moment; each page is to be disposed.</summary>
    /// <param name="exactVersion">The moment: a resourceVersion that etcd still has. Null: now.</param>
    /// <param name="firstPageSize">Objects on the first page, <see cref="MaxPageSize"/> at most; the others are sized by what they weigh.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="HttpOperationException">410: the list went stale between two pages, or the moment is too long ago.</exception>
    public IAsyncEnumerable<ListPage> PagesAsync(string? exactVersion, int firstPageSize, CancellationToken cancellationToken) =>
        PagesAsync(exactVersion, firstPageSize, api.GetAsync, cancellationToken);

    /// <summary>Like <see cref="PagesAsync(string?, int, CancellationToken)"/>, with the metadata of the objects alone.</summary>
    public IAsyncEnumerable<ListPage> MetadataPagesAsync(string? exactVersion, int firstPageSize, CancellationToken cancellationToken) =>
        PagesAsync(exactVersion, firstPageSize, api.GetMetadataAsync, cancellationToken);

    private async IAsyncEnumerable<ListPage> PagesAsync(
        string? exactVersion, int firstPageSize, Func<string, CancellationToken, Task<HttpResponseMessage>> get,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? next = null;
        var size = firstPageSize;
        do
        {
            var first = next is null;
            var parameters = RawApi.Query(
                ("limit", size.ToString(CultureInfo.InvariantCulture)), ("continue", next),
                ("resourceVersion", first ? exactVersion : null), ("resourceVersionMatch", first && exactVersion is not null ? "Exact" : null),
                ("labelSelector", query.LabelSelector), ("fieldSelector", query.FieldSelector));
            using var response = await get(query.CollectionPath + parameters, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            var page = new ListPage(JsonDocument.Parse(body));
            size = (int)Math.Clamp(size * PageBytes / Math.Max(1, body.LongLength), 1, MaxPageSize);
            next = page.Continue;
            yield return page;
        }
        while (!string.IsNullOrEmpty(next));
    }

    /// <summary>The resourceVersion of now.</summary>
    public Task<string> MomentAsync(CancellationToken cancellationToken) => FirstAsync(null, page => page.ResourceVersion, cancellationToken);

    /// <summary>How many objects there were at a moment, without reading them. Null: the server does not say, as where there is a selector.</summary>
    /// <exception cref="HttpOperationException">410: the moment is too long ago.</exception>
    public Task<long?> CountAsync(string exactVersion, CancellationToken cancellationToken) => FirstAsync(exactVersion, page => page.Count, cancellationToken);

    private async Task<T> FirstAsync<T>(string? exactVersion, Func<ListPage, T> read, CancellationToken cancellationToken)
    {
        await foreach (var page in MetadataPagesAsync(exactVersion, 1, cancellationToken))
        {
            using (page)
                return read(page);
        }

        throw new JsonException("A list without a page.");
    }

    /// <summary>
    /// The events after <paramref name="resourceVersion"/>, bookmarks among them, until the server ends the watch after
    /// <paramref name="timeout"/>. The connection is given up after <paramref name="grace"/> more: a watch can go silent
    /// without ending.
    /// </summary>
    /// <exception cref="ResourceExpiredException">Too old a version: list again.</exception>
    /// <exception cref="TimeoutException">The server did not end the watch.</exception>
    public async IAsyncEnumerable<WatchEvent> WatchAsync(
        string resourceVersion, TimeSpan timeout, TimeSpan grace, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(timeout + grace, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var parameters = RawApi.Query(
            ("watch", "1"), ("allowWatchBookmarks", "true"), ("resourceVersion", resourceVersion),
            ("timeoutSeconds", ((int)timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture)),
            ("labelSelector", query.LabelSelector), ("fieldSelector", query.FieldSelector));

        using var response = await WithDeadlineAsync(() => OpenAsync(query.CollectionPath + parameters, both.Token), deadline, cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(both.Token);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        yield return WatchEvent.Opened;
        while (await WithDeadlineAsync(() => reader.ReadLineAsync(both.Token).AsTask(), deadline, cancellationToken) is { } line)
        {
            if (line.Length > 0)
                yield return WatchEvent.Parse(line);
        }
    }

    private async Task<HttpResponseMessage> OpenAsync(string pathAndQuery, CancellationToken cancellationToken)
    {
        try
        {
            return await api.GetAsync(pathAndQuery, cancellationToken);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Gone)
        {
            throw new ResourceExpiredException(e.Message);
        }
    }

    private static async Task<T> WithDeadlineAsync<T>(Func<Task<T>> read, CancellationTokenSource deadline, CancellationToken cancellationToken)
    {
        try
        {
            return await read();
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException("The watch went silent.");
        }
    }
}

/// <summary>The version a watch was to start from is not kept any more.</summary>
public sealed class ResourceExpiredException(string message) : Exception(message);

/// <summary>A page of a list.</summary>
public sealed class ListPage(JsonDocument document) : IDisposable
{
    public IEnumerable<JsonElement> Items =>
        document.RootElement.TryGetProperty("items", out var items) && items.ValueKind == JsonValueKind.Array ? items.EnumerateArray() : [];

    /// <summary>The moment of the list; the same on all its pages.</summary>
    public string ResourceVersion => document.RootElement.GetProperty("metadata").GetProperty("resourceVersion").GetString()!;

    /// <summary>The objects on this page and after it, where the server says how many those are.</summary>
    public long? Count => document.RootElement.GetProperty("metadata").TryGetProperty("remainingItemCount", out var remaining)
        ? Items.Count() + remaining.GetInt64()
        : string.IsNullOrEmpty(Continue) ? Items.Count() : null;

    internal string? Continue => document.RootElement.GetProperty("metadata").TryGetProperty("continue", out var token) ? token.GetString() : null;

    public void Dispose() => document.Dispose();
}

/// <summary>One line of a watch.</summary>
public sealed record WatchEvent(WatchEventType Type, JsonElement Object)
{
    /// <summary>Not sent by the server: the watch has been accepted.</summary>
    public static WatchEvent Opened { get; } = new(WatchEventType.Opened, default);

    /// <exception cref="ResourceExpiredException">An ERROR event, whatever its code: the watch is over, and only a list helps for sure.</exception>
    /// <exception cref="JsonException">Half a line: the connection broke.</exception>
    public static WatchEvent Parse(string line)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        var type = root.GetProperty("type").GetString() switch
        {
            "ADDED" => WatchEventType.Added,
            "MODIFIED" => WatchEventType.Modified,
            "DELETED" => WatchEventType.Deleted,
            "BOOKMARK" => WatchEventType.Bookmark,
            _ => throw new ResourceExpiredException(line.Length > 512 ? line[..512] : line),
        };
        return new WatchEvent(type, root.GetProperty("object").Clone());
    }
}

public enum WatchEventType
{
    Opened,
    Added,
    Modified,
    Deleted,
    Bookmark,
}
