const app = document.querySelector<HTMLElement>("#app");
if (app !== null) app.textContent = "cellstorm";
