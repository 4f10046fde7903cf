import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { isStatus } from "./api/problem";
import { meQuery, retry } from "./api/queries";
import { router } from "./router";
import "./styles.css";

const client = new QueryClient({
  defaultOptions: { queries: { retry, retryDelay: 1500, staleTime: 1_000, networkMode: "always" }, mutations: { networkMode: "always" } },
  queryCache: new QueryCache({
    // A session that has ended shows at any question; asking who is signed in sends the page to the login.
    onError: (error, query) => {
      if (isStatus(error, 401) && query.queryKey[0] !== "me") void client.resetQueries(meQuery);
    },
  }),
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
