using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Kublambda.Invoker;

/// <summary>One JSON object a line on stderr; every line names the Lambda and its revision.</summary>
internal sealed class InvokerLog(string? lambda, string? revision)
{
    private const int MaxStack = 8192;
    private const int MaxText = 1024;
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly Stream _stream = Console.OpenStandardError();
    private readonly Lock _lock = new();

    public static InvokerLog Of(Func<string, string?> env) => new(
        env("KUBLAMBDA_NAME") is { Length: > 0 } name ? $"{(env("KUBLAMBDA_NAMESPACE") is { Length: > 0 } space ? space : "default")}/{name}" : null,
        env("KUBLAMBDA_REVISION") is { Length: > 0 } revision ? revision : null);

    public void Write(string level, string message, Action<Utf8JsonWriter>? fields = null)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("time", DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", null));
            json.WriteString("level", level);
            json.WriteString("message", message);
            if (lambda is not null)
                json.WriteString("lambda", lambda);
            if (revision is not null)
                json.WriteString("revision", revision);
            fields?.Invoke(json);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        lock (_lock)
        {
            _stream.Write(buffer.WrittenSpan);
            _stream.Flush();
        }
    }

    public void Error(string message, Exception? exception = null) => Write("error", message, json => WriteException(json, exception));

    /// <summary>A line about a request: neither its query, which may hold secrets, nor its body.</summary>
    public void Request(string level, string message, string id, HttpRequest request, Exception? exception = null) => Write(level, message, json =>
    {
        json.WriteString("id", id);
        json.WriteStartObject("request");
        json.WriteString("method", request.Method);
        json.WriteString("path", Cut(request.Path.Value ?? "", MaxText));
        foreach (var (header, name) in new[] { ("User-Agent", "userAgent"), ("Content-Type", "contentType"), ("Content-Length", "contentLength") })
        {
            if (request.Headers.TryGetValue(header, out var value))
                json.WriteString(name, Cut(value.ToString(), MaxText));
        }

        json.WriteEndObject();
        WriteException(json, exception);
    });

    public static void WriteException(Utf8JsonWriter json, Exception? exception)
    {
        if (exception is null)
            return;
        json.WriteStartObject("error");
        json.WriteString("name", exception.GetType().FullName);
        json.WriteString("message", Cut(exception.Message, MaxStack));
        json.WriteString("stack", Cut(exception.ToString(), MaxStack));
        json.WriteEndObject();
    }

    public static string Cut(string text, int max) => text.Length <= max ? text : $"{text[..(max - 3)]}...";
}

/// <summary>The container's termination message, where Kubernetes shows it.</summary>
internal static class TerminationLog
{
    /// <summary>Kubernetes keeps 4096 bytes; half of it is plenty for cause and remedy.</summary>
    private const int MaxBytes = 2048;

    /// <summary>Kubernetes makes the file; it is never created here, so outside a pod nothing happens.</summary>
    public static void Write(string path, string message)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Truncate, FileAccess.Write);
            var bytes = Encoding.UTF8.GetBytes(message);
            file.Write(bytes.AsSpan(0, Math.Min(bytes.Length, MaxBytes)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The same words go to stderr; a message that cannot be kept must not hide the reason for the end.
        }
    }
}
