using System.Text.Json.Serialization;

namespace Kublambda.Invoker;

/// <summary>What a client gets where the invoker answers in the handler's place.</summary>
internal sealed record Refusal(
    [property: JsonPropertyName("error")] string Error, [property: JsonPropertyName("message")] string Message, [property: JsonPropertyName("id")] string Id);

[JsonSerializable(typeof(Refusal))]
internal sealed partial class RefusalJson : JsonSerializerContext;
