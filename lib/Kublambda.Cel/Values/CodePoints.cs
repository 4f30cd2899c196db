using System.Text;

namespace Kublambda.Cel.Values;

/// <summary>Strings as CEL has them: sequences of code points, where .NET has UTF-16 units.</summary>
internal static class CodePoints
{
    public static int Count(string text)
    {
        var count = text.Length;
        for (var i = 0; i + 1 < text.Length; i++)
        {
            if (!char.IsSurrogatePair(text[i], text[i + 1])) continue;
            count--;
            i++;
        }

        return count;
    }

    /// <summary>The UTF-16 index of a code point's index; the length of the text for the index just past its end.</summary>
    public static int ToUtf16(string text, long index)
    {
        var at = 0;
        for (long seen = 0; seen < index; seen++) at += char.IsSurrogatePair(text, at) ? 2 : 1;
        return at;
    }

    /// <summary>The code point index of a UTF-16 index.</summary>
    public static int FromUtf16(string text, int index) => Count(text[..index]);

    /// <summary>The characters, each as a string of its own.</summary>
    public static IEnumerable<string> Split(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var width = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]) ? 2 : 1;
            yield return text.Substring(i, width);
            i += width - 1;
        }
    }

    public static byte[] ToUtf8(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Null when the bytes are not valid UTF-8.</summary>
    public static string? FromUtf8(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Invalid bytes become U+FFFD, a run of them one.</summary>
    public static string FromUtf8Lossy(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        var lastWasInvalid = false;
        while (!bytes.IsEmpty)
        {
            var valid = Rune.DecodeFromUtf8(bytes, out var rune, out var consumed) == System.Buffers.OperationStatus.Done;
            if (valid || !lastWasInvalid) text.Append(rune.ToString());
            lastWasInvalid = !valid;
            bytes = bytes[consumed..];
        }

        return text.ToString();
    }

}
