using Kublambda.Gc;
using Kublambda.Gc.Consumers;
using Kublambda.Hosting;
using Kublambda.Kubernetes;
using Kublambda.Registry;

var builder = WebApplication.CreateBuilder(args);
builder.AddKublambdaDefaults("gc", bus => bus.AddConsumer<LambdaDeletedConsumer>());
builder.Services.AddKubernetes().AddRegistry(builder.Configuration);
builder.Services.AddCleanup().AddSweep();

var app = builder.Build();
app.MapKublambdaDefaults();
await app.RunAsync();
