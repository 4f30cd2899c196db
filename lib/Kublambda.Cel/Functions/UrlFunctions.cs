using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary>Kubernetes' URL library.</summary>
internal static class UrlFunctions
{
    public static void AddTo(FunctionTable table)
    {
        table.OfText("url", CelKind.Opaque, text => Url.Parse(text) ?? (CelValue)new CelError($"'{Display.Cut(text)}' is not a URL", () => "URLs are absolute, https://host/path, or an absolute path, /path"));
        table.OfText("isURL", CelKind.Bool, text => CelBool.Of(Url.Parse(text) is not null));
        Part(table, "getScheme", url => url.Scheme);
        Part(table, "getHost", url => url.Host);
        Part(table, "getHostname", url => url.Hostname);
        Part(table, "getPort", url => url.Port);
        Part(table, "getEscapedPath", url => url.EscapedPath);
        Getter(table, "getQuery", CelKind.Map, url => url.Parameters());
    }

    private static void Part(FunctionTable table, string name, Func<Url, string> read) => Getter(table, name, CelKind.String, url => new CelString(read(url)));

    private static void Getter(FunctionTable table, string name, CelKind result, Func<Url, CelValue> read) =>
        table.Member(name, [CelKind.Opaque], result, (a, context) =>
        {
            if (a[0] is not Url url) return new CelError($"{name}() takes a URL, not {a[0].TypeName}");
            context.Budget.Charge(url.Text.Length / 10);
            return read(url);
        });
}
