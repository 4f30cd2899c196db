using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using k8s.Autorest;

namespace Kublambda.Kubernetes;

/// <summary>Lists a resource page by page, and watches it from a resourceVersion on.</summary>
internal sealed class ListWatch(RawApi api, ResourceQuery query, TimeProvider time)
{
    private const int PageSize = 500;

    /// <summary>Calls <paramref name="onItem"/> for each object; returns the resourceVersion to watch from.</summary>
    /// <exception cref="HttpOperationException">410: the list went stale between two pages, start over.</exception>
    public async Task<string> ListAsync(Action<JsonElement> onItem, CancellationToken cancellationToken)
    {
        string? next = null;
        while (true)
        {
            var parameters = RawApi.Query(
                ("limit", PageSize.ToString(CultureInfo.InvariantCulture)), ("continue", next),
                ("labelSelector", query.LabelSelector), ("fieldSelector", query.FieldSelector));
            using var response = await api.GetAsync(query.CollectionPath + parameters, cancellationToken);
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            await using (stream)
            {
                using var page = await JsonDocument.ParseAsync(stream, cancellationToken: cancellationToken);
                if (page.RootElement.TryGetProperty("items", out var items) && items.ValueKind == JsonValueKind.Array)
                {
                    foreach (var item in items.EnumerateArray())
                        onItem(item);
                }

                var metadata = page.RootElement.GetProperty("metadata");
                next = metadata.TryGetProperty("continue", out var token) ? token.GetString() : null;
                if (string.IsNullOrEmpty(next))
                    return metadata.GetProperty("resourceVersion").GetString()!;
            }
        }
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

/// <summary>One line of a watch.</summary>
internal sealed record WatchEvent(WatchEventType Type, JsonElement Object)
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

internal enum WatchEventType
{
    Opened,
    Added,
    Modified,
    Deleted,
    Bookmark,
}
